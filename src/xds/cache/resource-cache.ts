import type { ClientView, ResourceEntry } from '../../resources/resource-entry.ts';
import type { ResourceUnit } from '../../resources/resource-unit.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import type { EncodedResource } from './encoded-resource.ts';
import type { BuildError, Owner, Slot } from './slot.ts';
import { TypeStore } from './type-store.ts';

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
  readonly #owners = new Map<string, Owner>();
  readonly #listeners = new Set<CacheListener>();
  /** Endpoints are few bytes and urgent; they overtake the rest. */
  readonly #urgent: Slot[] = [];
  readonly #ordinary: Slot[] = [];
  readonly #onBuildError: BuildError;

  /** @param onBuildError told once per entry and scope that could not be built; its last version goes on */
  constructor(options: { readonly onBuildError?: BuildError } = {}) {
    this.#onBuildError = options.onBuildError ?? (() => undefined);
  }

  /**
   * Replaces the resources of each unit, all units as one batch. An entry takes its name over from the unit that had it;
   * what that one lets go of later is not its own any more.
   */
  replaceUnits(units: Iterable<ResourceUnit>): void {
    const now = performance.now();
    const replaced: Owner[] = [];
    for (const unit of units) {
      const before = this.#owners.get(unit.owner);
      if (before !== undefined) replaced.push(before);
      this.#fill(unit, now);
    }
    for (const owner of replaced) this.#empty(owner, now);
    if (this.hasPending) for (const listener of this.#listeners) listener.changesPending();
  }

  /** The zone (or anything else of the view) of these nodes changed. */
  viewsChanged(nodeNames: ReadonlySet<string>): void {
    for (const listener of this.#listeners) listener.viewsChanged(nodeNames);
  }

  lookup(typeUrl: string, name: string, view: ClientView): EncodedResource | undefined {
    return this.#stores.get(typeUrl)?.find(name)?.encode(view);
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

  #fill({ owner: key, entries }: ResourceUnit, now: number): void {
    if (entries.length === 0) {
      this.#owners.delete(key);
      return;
    }
    const slots = entries.map(({ typeUrl, name }) => this.store(typeUrl).intern(name));
    const owner: Owner = { slots };
    this.#owners.set(key, owner);
    entries.forEach((entry, index) => {
      const slot = slots[index];
      if (slot === undefined) return;
      slot.owner = owner;
      this.#replace(slot, entry, now);
    });
  }

  /** Removes what the unit neither has any more nor lost to another. */
  #empty(owner: Owner, now: number): void {
    for (const slot of owner.slots) {
      if (slot.owner !== owner) continue;
      slot.owner = undefined;
      this.#replace(slot, undefined, now);
    }
  }

  #replace(slot: Slot, entry: ResourceEntry | undefined, now: number): void {
    if (slot.entry === entry) return;
    const isQueued = slot.pending !== undefined;
    slot.pending ??= { changedAt: now, announced: slot.entry, isDifferent: false };
    this.store(slot.type.typeUrl).replace(slot, entry);
    if (!isQueued) (slot.type.typeUrl === typeUrls.endpoint ? this.#urgent : this.#ordinary).push(slot);
  }

  #announce(slot: Slot): void {
    const store = this.store(slot.type.typeUrl);
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
