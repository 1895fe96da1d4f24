import type { ClientView, ResourceEntry } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import type { EncodedResource } from './encoded-resource.ts';
import { type BuildError, type Slot, TypeStore } from './type-store.ts';

export interface ResourceName {
  readonly typeUrl: string;
  readonly name: string;
}

/** Told that there are changes to `propagate`, or that views are to be looked at again. */
export interface CacheListener {
  changesPending(): void;
  viewsChanged(nodeNames: ReadonlySet<string>): void;
}

/**
 * Every resource by type and name, encoded when the first client asks for it, once per version and scope. A change is
 * taken in at once and handed to the streams in slices of time (`propagate`).
 */
export class ResourceCache {
  readonly #stores = new Map<string, TypeStore>();
  readonly #listeners = new Set<CacheListener>();
  /** Endpoints are few bytes and urgent; they overtake the rest. */
  readonly #urgent: Slot[] = [];
  readonly #ordinary: Slot[] = [];
  readonly #onBuildError: BuildError;

  /** @param onBuildError told once per entry and scope that could not be built; its last version goes on */
  constructor(options: { readonly onBuildError?: BuildError } = {}) {
    this.#onBuildError = options.onBuildError ?? (() => undefined);
  }

  /** Entries replace those of the same type and name. Removals of what is not there are ignored. */
  apply(upserts: Iterable<ResourceEntry>, removals: Iterable<ResourceName>): void {
    const now = performance.now();
    for (const { typeUrl, name } of removals) {
      const slot = this.#stores.get(typeUrl)?.find(name);
      if (slot?.entry !== undefined) this.#replace(this.store(typeUrl), slot, undefined, now);
    }
    for (const entry of upserts) {
      const store = this.store(entry.typeUrl);
      this.#replace(store, store.intern(entry.name), entry, now);
    }
    if (this.hasPending) for (const listener of this.#listeners) listener.changesPending();
  }

  /** The zone (or anything else of the view) of these nodes changed. */
  viewsChanged(nodeNames: ReadonlySet<string>): void {
    for (const listener of this.#listeners) listener.viewsChanged(nodeNames);
  }

  lookup(typeUrl: string, name: string, view: ClientView): EncodedResource | undefined {
    return this.#stores.get(typeUrl)?.find(name)?.encode(view);
  }

  /** Names of the resources that exist. */
  *names(typeUrl: string): Iterable<string> {
    for (const slot of this.#stores.get(typeUrl)?.slots() ?? []) if (slot.entry !== undefined) yield slot.name;
  }

  /** Types of which there are resources. */
  *typeUrls(): Iterable<string> {
    for (const [typeUrl] of this.#stores) {
      for (const _ of this.names(typeUrl)) {
        yield typeUrl;
        break;
      }
    }
  }

  listen(listener: CacheListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: CacheListener): void {
    this.#listeners.delete(listener);
  }

  /** Finds or makes; made for whoever subscribes, and given back with `releaseStore`. */
  store(typeUrl: string): TypeStore {
    let store = this.#stores.get(typeUrl);
    if (store === undefined) {
      store = new TypeStore(typeUrl, this.#onBuildError);
      this.#stores.set(typeUrl, store);
    }
    return store;
  }

  findStore(typeUrl: string): TypeStore | undefined {
    return this.#stores.get(typeUrl);
  }

  /** Clients may ask for any type; those that nobody serves and nobody asks for any more are forgotten. */
  releaseStore(store: TypeStore): void {
    if (store.isUnused) this.#stores.delete(store.typeUrl);
  }

  get hasPending(): boolean {
    return this.#urgent.length > 0 || this.#ordinary.length > 0;
  }

  /** Tells the subscribers of changed resources, until done or past the deadline (of `performance.now()`). */
  propagate(deadline: number): void {
    for (const queue of [this.#urgent, this.#ordinary]) {
      let taken = 0;
      for (const slot of queue) {
        this.#announce(slot);
        taken += 1;
        if (performance.now() > deadline) break;
      }
      queue.splice(0, taken);
    }
  }

  #replace(store: TypeStore, slot: Slot, entry: ResourceEntry | undefined, now: number): void {
    if (slot.entry === entry) return;
    const isQueued = slot.pending !== undefined;
    slot.pending ??= { changedAt: now, announced: slot.entry, isDifferent: false };
    store.replace(slot, entry);
    if (!isQueued) (store.typeUrl === typeUrls.endpoint ? this.#urgent : this.#ordinary).push(slot);
  }

  #announce(slot: Slot): void {
    const { store } = slot;
    if (!isSameForFleet(slot)) store.announce(slot);
    slot.pending = undefined;
    if (!slot.hasSubscribers) slot.forgetAll();
    store.releaseIfUnused(slot);
    this.releaseStore(store);
  }
}

/** Whether the new entries since the last announcement build to the bytes of the last, which saves waking everyone. */
function isSameForFleet(slot: Slot): boolean {
  const { entry, pending } = slot;
  const announced = pending?.announced;
  if (entry?.scope !== 'fleet' || announced?.scope !== 'fleet' || entry.wildcard !== announced.wildcard) return false;
  if (!slot.hasSubscribers) return false;
  return slot.encode(nobody) !== undefined && pending?.isDifferent !== true;
}

/** What is of scope fleet does not look at the view. */
const nobody: ClientView = { nodeName: '', zone: '' };
