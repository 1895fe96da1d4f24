import type { KeySet } from '../../resources/key-set.ts';
import type { ClientView, ResourceEntry } from '../../resources/resource-entry.ts';
import type { ResourceName } from '../../resources/resource-name.ts';
import type { EncodedResource } from './encoded-resource.ts';
import { Encodings } from './encodings.ts';
import type { SubscriberIndex } from './subscriber-index.ts';

/** What the slots of one type have in common. */
export interface SlotType {
  readonly typeUrl: string;
  /** Who named or holds which slots. */
  readonly subscribers: SubscriberIndex;
  onBuildError(resource: ResourceName, error: unknown): void;
  /** The last client that asked for it no longer does. */
  letGo(slot: Slot): void;
}

/** Whose resource a slot holds: of a unit, with what it filled last, or of those that are resolved for a unit's owner. */
export type Owner =
  | { readonly kind: 'Unit'; readonly slots: readonly Slot[] }
  | { readonly kind: 'Resolved'; readonly key: string; readonly slots: Set<Slot> };

/** A change that has not been announced to subscribers yet. */
export interface PendingChange {
  readonly slot: Slot;
  /** `performance.now()` of the first of the changes that will be announced as one. */
  readonly changedAt: number;
  /** The entry that was last announced to subscribers. */
  readonly announced: ResourceEntry | undefined;
  /** The nodes or zones (by the entry's scope) that it may differ for; undefined: all. */
  keys: KeySet | undefined;
  /** Whether something different was built meanwhile; a client may have it already. */
  isDifferent: boolean;
}

/** Where a slot stands in the log of its type. */
export interface LogEntry {
  readonly slot: Slot;
  /** Of the last announced change. */
  sequence: number;
  /** Of its beginning: a reader that never came this far never had it. */
  readonly born: number;
  /** The resource exists; otherwise this is its tombstone. */
  isLive: boolean;
  /** Inserted for a change that is still to be announced. */
  isFresh: boolean;
}

/** A name of one type, whether or not there is such a resource: streams may wait for it. */
export class Slot {
  readonly id: number;
  readonly name: string;
  readonly type: SlotType;
  entry: ResourceEntry | undefined;
  owner: Owner | undefined;
  pending: PendingChange | undefined;
  /** Its place among the resources that every client with a wildcard gets alike. */
  logged: LogEntry | undefined;
  /** Absent until something is built: of most resources nothing ever is. */
  #encodings: Encodings | undefined;

  constructor(id: number, name: string, type: SlotType) {
    this.id = id;
    this.name = name;
    this.type = type;
  }

  get hasSubscribers(): boolean {
    return this.type.subscribers.isHeld(this.id);
  }

  addSubscriber(index: number): void {
    this.type.subscribers.add(this.id, index);
  }

  deleteSubscriber(index: number): void {
    if (!this.hasSubscribers) return;
    this.type.subscribers.delete(this.id, index);
    if (!this.hasSubscribers) this.type.letGo(this);
  }

  hasSubscriber(index: number): boolean {
    return this.type.subscribers.has(this.id, index);
  }

  forEachSubscriber(visit: (index: number) => void): void {
    this.type.subscribers.forEach(this.id, visit);
  }

  /** Builds at most once per entry and scope. What cannot be built is served as it was before, if it was. */
  encode(view: ClientView): EncodedResource | undefined {
    const { entry, pending } = this;
    if (entry === undefined) return undefined;
    this.#encodings ??= new Encodings();
    const before = this.#encodings.built(entry, view);
    const resource = this.#encodings.encode(entry, view, (failed, error) => this.type.onBuildError(failed, error));
    if (pending !== undefined && resource !== before) pending.isDifferent = true;
    return resource;
  }

  /** What `encode` would return, if it is built. */
  current(view: ClientView): EncodedResource | undefined {
    return this.entry === undefined ? undefined : this.#encodings?.current(this.entry, view)?.resource;
  }

  isBuilt(view: ClientView): boolean {
    return this.entry === undefined || this.#encodings?.current(this.entry, view) !== undefined;
  }

  /** @returns the nodes or zones that the new entry may differ for; undefined: all */
  replace(entry: ResourceEntry | undefined): KeySet | undefined {
    const before = this.entry;
    this.entry = entry;
    if (entry === undefined || before === undefined || entry.scope !== before.scope) {
      this.#encodings?.forgetBuilds();
      return undefined;
    }
    const isLike = entry.scope !== 'fleet' && entry.wildcard === before.wildcard;
    const keys = isLike ? entry.changedKeys?.(before) : undefined;
    this.#encodings?.invalidate(keys);
    return keys;
  }

  /** See Encodings. */
  takeBuilds(): Encodings {
    return this.#encodings?.takeBuilds() ?? new Encodings();
  }

  /** See Encodings. */
  stampOf(version: string): number | undefined {
    if (this.entry === undefined) return undefined;
    this.#encodings ??= new Encodings();
    return this.#encodings.stampOf(version);
  }

  versionOf(stamp: number): string {
    return this.#encodings?.versionOf(stamp) ?? '';
  }

  /** A node's own encoding is dropped with its client: nodes come and go. */
  forget(view: ClientView): void {
    if (this.entry?.scope === 'node') this.#encodings?.forgetKey(view.nodeName);
  }

  /** The last client of a zone is gone. */
  forgetZone(zone: string): void {
    if (this.entry?.scope === 'zone') this.#encodings?.forgetKey(zone);
  }

  forgetAll(): void {
    this.#encodings?.forgetAll();
  }
}
