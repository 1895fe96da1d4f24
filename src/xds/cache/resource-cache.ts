import { union } from '../../resources/key-set.ts';
import type { Resolve } from '../../resources/resolve.ts';
import type { ClientView, ResourceEntry } from '../../resources/resource-entry.ts';
import type { ResourceName } from '../../resources/resource-name.ts';
import type { ResourceUnit } from '../../resources/resource-unit.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ChangeQueue } from './change-queue.ts';
import type { EncodedResource } from './encoded-resource.ts';
import type { BuildError } from './encodings.ts';
import { Ownership } from './ownership.ts';
import type { Pace } from './pace.ts';
import { RecentRemovals } from './recent-removals.ts';
import type { PendingChange, Slot } from './slot.ts';
import { type StoreContext, TypeStore } from './type-store.ts';

/** Notified that there are changes to `propagate`, or that views have to be looked up again. */
export interface CacheListener {
  changesPending(): void;
  viewsChanged(nodeNames: ReadonlySet<string>): void;
}

export interface CacheOptions {
  /** Makes resources that no unit has when clients ask for their names. */
  readonly resolve?: Resolve;
  /** Called once per entry and scope that could not be built; its last version stays in use. */
  readonly onBuildError?: BuildError;
  /**
   * Types whose changes are announced together: how many milliseconds apart, by the number of clients that want all of the type.
   * Undefined: at once.
   */
  readonly pace?: Pace;
  /** A subscriber threw when it was notified of a change; the others are notified. */
  readonly onSubscriberError?: (name: ResourceName, error: unknown) => void;
}

/**
 * Every resource by type and name, encoded when the first client asks for it, once per version and scope. A change is
 * applied at once and passed on to the streams in slices of time (`propagate`).
 */
export class ResourceCache {
  readonly #stores = new Map<string, TypeStore>();
  readonly #listeners = new Set<CacheListener>();
  readonly #queue = new ChangeQueue();
  readonly #ownership: Ownership;
  readonly #context: StoreContext;
  readonly #pace: Pace;
  /** Stores of types whose changes are announced together, each with the interval by the number of clients. */
  readonly #paced = new Map<TypeStore, (clients: number) => number>();

  constructor(options: CacheOptions = {}) {
    const { resolve = () => undefined, onBuildError = () => undefined, onSubscriberError = () => undefined } = options;
    this.#pace = options.pace ?? (() => undefined);
    this.#ownership = new Ownership({
      resolve,
      onError: onBuildError,
      slotOf: ({ typeUrl, name }) => this.store(typeUrl).slotOf(name),
      replace: (slot, entry) => this.#replace(slot, entry),
    });
    this.#context = {
      deadNames: { held: 0 },
      removals: new RecentRemovals(onBuildError),
      onBuildError,
      onSubscriberError: ({ name, type: { typeUrl } }, error) => onSubscriberError({ typeUrl, name }, error),
      asked: (slot) => this.#ownership.resolve(slot),
      letGo: (slot) => this.#drop(slot),
    };
  }

  /**
   * Replaces the resources of each unit, all units as one batch. An entry takes its name over from the unit that had it;
   * what that one drops later is no longer its own.
   */
  replaceUnits(units: Iterable<ResourceUnit>): void {
    this.#ownership.replace(units);
    this.#queue.endBatch();
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

  /** Finds or creates; created for a subscriber, and given back with `releaseStore`. */
  store(typeUrl: string): TypeStore {
    let store = this.#stores.get(typeUrl);
    if (store === undefined) {
      store = new TypeStore(typeUrl, this.#context);
      this.#stores.set(typeUrl, store);
      const interval = this.#pace(typeUrl);
      if (interval !== undefined) this.#paced.set(store, interval);
    }
    return store;
  }

  findStore(typeUrl: string): TypeStore | undefined {
    return this.#stores.get(typeUrl);
  }

  /** The resources that every client with a wildcard gets alike. */
  wildcardSlots(): readonly Slot[] {
    const slots: Slot[] = [];
    for (const { log } of this.#stores.values()) {
      log.forEachAfter(0, ({ slot, isLive }) => {
        if (isLive) slots.push(slot);
        return true;
      });
    }
    return slots;
  }

  /** Clients may ask for any type; those without resources and without subscribers are forgotten. */
  releaseStore(store: TypeStore): void {
    if (!store.isUnused) return;
    this.#stores.delete(store.typeUrl);
    this.#paced.delete(store);
  }

  get hasPending(): boolean {
    return !this.#queue.isEmpty;
  }

  /** Milliseconds until `propagate` has something to do; undefined when nothing is pending. */
  get dueInMs(): number | undefined {
    return this.#queue.dueInMs;
  }

  /** Tells the subscribers of changed resources, until done or past the deadline (of `performance.now()`). */
  propagate(deadline: number): void {
    this.#queue.take(deadline, (change) => this.#announce(change));
    this.#queue.takePaced(
      deadline,
      () => this.#paceMs(),
      (change) => this.#announce(change),
    );
  }

  /** All paced types are announced together, at the longest of their intervals. */
  #paceMs(): number {
    let longest = 0;
    for (const [store, interval] of this.#paced) longest = Math.max(longest, interval(store.wildcards.size));
    return longest;
  }

  #replace(slot: Slot, entry: ResourceEntry | undefined): void {
    const { entry: before, pending } = slot;
    if (before === entry) return;
    const store = this.store(slot.type.typeUrl);
    const isOfInterest = slot.hasSubscribers || before?.wildcard === true || entry?.wildcard === true;
    store.removals?.note(slot, entry);
    const keys = store.replace(slot, entry);
    if (pending === undefined && !isOfInterest) this.#release(store, slot);
    else if (pending === undefined) {
      this.#enqueue({ slot, changedAt: performance.now(), announced: before, keys, isDifferent: false });
    } else {
      pending.keys = union(pending.keys, keys);
      const isSameKind = (before === undefined) === (entry === undefined);
      if (!isSameKind) this.#enqueue({ ...pending });
    }
  }

  #enqueue(change: PendingChange): void {
    const { slot } = change;
    slot.pending = change;
    if (this.#paced.has(this.store(slot.type.typeUrl))) this.#queue.addPaced(change);
    else if (slot.entry === undefined) this.#queue.addRemoval(change);
    else this.#queue.addUpsert(change, slot.type.typeUrl === typeUrls.endpoint);
  }

  /** What was resolved for clients is not kept without one. */
  #drop(slot: Slot): void {
    this.#ownership.release(slot);
    this.store(slot.type.typeUrl).replace(slot, undefined);
  }

  #announce(change: PendingChange): void {
    const { slot } = change;
    const store = this.store(slot.type.typeUrl);
    if (!isSameForFleet(change, store.isHeld(slot))) store.announce(change);
    slot.pending = undefined;
    this.#release(store, slot);
  }

  #release(store: TypeStore, slot: Slot): void {
    if (!store.isHeld(slot)) slot.forgetAll();
    store.releaseIfUnused(slot);
    this.releaseStore(store);
  }
}

/** Whether the new entries since the last announcement build to the bytes of the last, which saves waking everyone. */
function isSameForFleet({ slot, announced, isDifferent }: PendingChange, isHeld: boolean): boolean {
  const { entry } = slot;
  if (entry?.scope !== 'fleet' || announced?.scope !== 'fleet' || entry.wildcard !== announced.wildcard) return false;
  if (!isHeld || isDifferent) return false;
  return slot.encode(nobody) !== undefined && slot.pending?.isDifferent !== true;
}

/** What is of scope fleet does not look at the view. */
const nobody: ClientView = { nodeName: '', zone: '' };
