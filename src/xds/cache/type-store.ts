import type { ClientView, ResourceEntry } from '../../resources/resource-entry.ts';
import type { ResourceName } from '../../resources/resource-name.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { BucketDigests } from './bucket-digests.ts';
import { ChangeLog } from './change-log.ts';
import type { BuildError } from './encodings.ts';
import { among } from './key-set.ts';
import { NameIndex, nowhere } from './name-index.ts';
import type { RecentRemovals } from './recent-removals.ts';
import { type LogEntry, type PendingChange, Slot, type SlotType } from './slot.ts';
import { SubscriberIndex } from './subscriber-index.ts';
import { SubscriberTable } from './subscriber-table.ts';

/** A stream's interest in one type; notified when a resource that it holds or may want has changed. */
export interface Subscriber {
  changed(slot: Slot): void;
  /**
   * Something changed of what every client with a wildcard gets alike.
   * @param since of `performance.now()`
   * @param before sequence that it had in the log
   */
  logged(since: number, before: number): void;
}

type News = (subscriber: Subscriber) => void;

/** Names without a resource that streams hold, over all streams and types. */
export interface DeadNameCount {
  held: number;
}

/** What the stores of all types share. */
export interface StoreContext {
  readonly deadNames: DeadNameCount;
  /** Of clusters. */
  readonly removals: RecentRemovals;
  /** A subscriber threw when it was notified of a change; the others are notified. */
  readonly onSubscriberError: (slot: Slot, error: unknown) => void;
  readonly onBuildError: BuildError;
  /** A client asks for a name without a resource. */
  asked(slot: Slot): void;
  /** No client asks for it any more. */
  letGo(slot: Slot): void;
}

/** All resources of a type, and the names that clients wait for, under small integer ids. */
export class TypeStore implements SlotType {
  readonly typeUrl: string;
  readonly #context: StoreContext;
  /** Subscribers that want every resource with `wildcard`. */
  readonly wildcards = new Set<Subscriber>();
  /** Of the resources with `wildcard`, those that clients get alike. */
  readonly log = new ChangeLog((slot) => this.releaseIfUnused(slot));
  /** Some resource makes others be sent again. */
  hasRefreshes = false;
  #digests: BucketDigests | undefined;
  /** Slots of those that differ by zone or node. */
  readonly scopedWildcards = new Set<Slot>();
  /** Those of scope zone, of which encodings are kept for each zone of clients. */
  readonly #zoneSlots = new Set<Slot>();
  readonly #ids = new Map<string, Slot>();
  /** Of names that returning clients have said, and of the versions that they should have. */
  readonly names = new NameIndex();
  readonly #slots: (Slot | undefined)[] = [];
  readonly #freeIds: number[] = [];
  readonly #subscribers = new SubscriberTable<Subscriber>();
  /** Of SlotType. */
  readonly subscribers = new SubscriberIndex();

  constructor(typeUrl: string, context: StoreContext) {
    this.typeUrl = typeUrl;
    this.#context = context;
  }

  get deadNames(): DeadNameCount {
    return this.#context.deadNames;
  }

  /** Undefined for types of which no other refers to what is gone, or whose responses need not carry everything. */
  get removals(): RecentRemovals | undefined {
    return this.typeUrl === typeUrls.cluster ? this.#context.removals : undefined;
  }

  get isUnused(): boolean {
    return this.#ids.size === 0 && this.#subscribers.isEmpty;
  }

  /** Of SlotType. */
  onBuildError(resource: ResourceName, error: unknown): void {
    this.#context.onBuildError(resource, error);
  }

  /** Of SlotType. */
  letGo(slot: Slot): void {
    if (slot.owner?.kind === 'Resolved') this.#context.letGo(slot);
    if (this.isHeld(slot)) return;
    slot.forgetAll();
    this.names.forgetVersion(slot.id);
  }

  /** A client may have it, or is about to be sent it. */
  isHeld(slot: Slot): boolean {
    return slot.hasSubscribers || (slot.entry?.wildcard === true && this.wildcards.size > 0);
  }

  /** Of the resources in the log. */
  get digests(): BucketDigests {
    this.#digests ??= new BucketDigests(this.log);
    return this.#digests;
  }

  find(name: string): Slot | undefined {
    return this.#ids.get(name);
  }

  slot(id: number): Slot | undefined {
    return this.#slots[id];
  }

  /** Every id is below. */
  get idBound(): number {
    return this.#slots.length;
  }

  slots(): Iterable<Slot> {
    return this.#ids.values();
  }

  /** Finds or makes, for a client that asks for it: it must be subscribed to. */
  intern(name: string): Slot {
    const slot = this.slotOf(name);
    if (slot.entry === undefined && slot.owner === undefined && !slot.hasSubscribers) this.#context.asked(slot);
    return slot;
  }

  /** The same, for a name in UTF-8. */
  internBytes(bytes: Buffer, start: number, end: number): Slot {
    const id = this.names.find(bytes, start, end);
    const found = this.#slots[id];
    if (found?.entry !== undefined) return found;
    const slot = this.intern(bytes.toString('utf8', start, end));
    if (id === nowhere && end > start && slot.entry !== undefined) this.names.add(slot.id, bytes, start, end);
    return slot;
  }

  /** Finds or makes, for an entry. */
  slotOf(name: string): Slot {
    const existing = this.#ids.get(name);
    if (existing !== undefined) return existing;
    const id = this.#freeIds.pop() ?? this.#slots.length;
    const slot = new Slot(id, name, this);
    this.#slots[id] = slot;
    this.#ids.set(name, slot);
    return slot;
  }

  /** Ids of names without a resource and without a subscriber are reused. */
  releaseIfUnused(slot: Slot): void {
    const isUsed = slot.entry !== undefined || slot.hasSubscribers || slot.logged !== undefined;
    if (isUsed || slot.pending !== undefined || this.#slots[slot.id] !== slot) return;
    // The owner for which it was looked up must not keep it.
    if (slot.owner?.kind === 'Resolved') this.#context.letGo(slot);
    this.#slots[slot.id] = undefined;
    this.#freeIds.push(slot.id);
    this.#ids.delete(slot.name);
    this.names.remove(slot.id);
  }

  /**
   * What is new stands in the log at once, as a client that asks now must not be told that it does not exist.
   * @returns the nodes or zones that the new entry may differ for; undefined: all
   */
  replace(slot: Slot, entry: ResourceEntry | undefined): PendingChange['keys'] {
    this.hasRefreshes ||= entry?.refreshes !== undefined;
    const keys = slot.replace(entry);
    this.names.forgetVersion(slot.id);
    put(this.scopedWildcards, slot, isScopedWildcard(entry));
    put(this.#zoneSlots, slot, entry?.scope === 'zone');
    if (isFleetWildcard(entry)) this.#log(slot);
    return keys;
  }

  join(subscriber: Subscriber, view: ClientView): number {
    return this.#subscribers.add(subscriber, view);
  }

  /** The subscriber's view has changed. */
  move(index: number, view: ClientView): void {
    const left = this.#subscribers.move(index, view);
    if (left !== undefined) this.#forgetZone(left);
  }

  leave(index: number): void {
    const left = this.#subscribers.delete(index);
    if (left !== undefined) this.#forgetZone(left);
  }

  /** Notifies those that named or hold it and, when it is in the wildcard set, those that want all of them. */
  announce({ slot, keys }: PendingChange): void {
    if (slot.logged?.isLive === true) this.#announceLogged(slot, slot.logged);
    if (keys === undefined) this.#announceToAll(slot);
    else this.#announceToSome(slot, keys);
  }

  #announceToAll(slot: Slot): void {
    const changed: News = (subscriber) => subscriber.changed(slot);
    slot.forEachSubscriber((index) => this.#tell(slot, this.#subscribers.get(index), changed));
    if (isScopedWildcard(slot.entry)) for (const subscriber of this.wildcards) this.#tell(slot, subscriber, changed);
  }

  #tell(slot: Slot, subscriber: Subscriber | undefined, news: News): void {
    try {
      if (subscriber !== undefined) news(subscriber);
    } catch (error) {
      this.#context.onSubscriberError(slot, error);
    }
  }

  #log(slot: Slot): void {
    if (slot.logged?.isLive === true) slot.logged.isFresh = false;
    else this.log.insert(slot);
  }

  #announceLogged(slot: Slot, logged: LogEntry): void {
    if (isScopedWildcard(slot.entry)) {
      this.log.delete(logged);
      return;
    }
    const before = logged.sequence;
    if (isFleetWildcard(slot.entry)) this.log.touch(logged);
    else this.log.bury(logged);
    const since = slot.pending?.changedAt ?? performance.now();
    const news: News = (subscriber) => subscriber.logged(since, before);
    for (const subscriber of this.wildcards) this.#tell(slot, subscriber, news);
  }

  /** Without a walk over the streams of the other nodes or zones. */
  #announceToSome(slot: Slot, keys: NonNullable<PendingChange['keys']>): void {
    const index = slot.entry?.scope === 'zone' ? this.#subscribers.byZone : this.#subscribers.byNode;
    for (const key of among(keys, index.keys())) {
      for (const each of index.get(key) ?? []) {
        const subscriber = this.#subscribers.get(each);
        if (subscriber === undefined) continue;
        const wants = slot.hasSubscriber(each) || (slot.entry?.wildcard === true && this.wildcards.has(subscriber));
        if (wants) this.#tell(slot, subscriber, (each) => each.changed(slot));
      }
    }
  }

  #forgetZone(zone: string): void {
    for (const slot of this.#zoneSlots) slot.forgetZone(zone);
  }
}

function put(set: Set<Slot>, slot: Slot, isMember: boolean): void {
  if (isMember) set.add(slot);
  else set.delete(slot);
}

function isFleetWildcard(entry: ResourceEntry | undefined): boolean {
  return entry?.wildcard === true && entry.scope === 'fleet';
}

function isScopedWildcard(entry: ResourceEntry | undefined): boolean {
  return entry?.wildcard === true && entry.scope !== 'fleet';
}
