import type { ResourceEntry } from '../../resources/resource-entry.ts';
import { type BuildError, Slot, type SlotType } from './slot.ts';

/** A stream's interest in one type; told when a resource that it holds or may want is another than before. */
export interface Subscriber {
  changed(slot: Slot): void;
}

/** All resources of a type, and the names that clients wait for, under small integer ids. */
export class TypeStore implements SlotType {
  readonly typeUrl: string;
  readonly onBuildError: BuildError;
  /** Subscribers that want every resource with `wildcard`. */
  readonly wildcards = new Set<Subscriber>();
  /** Slots of the resources with `wildcard`. */
  readonly wildcardSlots = new Set<Slot>();
  readonly #ids = new Map<string, Slot>();
  readonly #slots: (Slot | undefined)[] = [];
  readonly #freeIds: number[] = [];
  readonly #subscribers: (Subscriber | undefined)[] = [];
  readonly #freeSubscribers: number[] = [];

  constructor(typeUrl: string, onBuildError: BuildError) {
    this.typeUrl = typeUrl;
    this.onBuildError = onBuildError;
  }

  get isUnused(): boolean {
    return this.#ids.size === 0 && this.#subscribers.length === this.#freeSubscribers.length;
  }

  find(name: string): Slot | undefined {
    return this.#ids.get(name);
  }

  slot(id: number): Slot | undefined {
    return this.#slots[id];
  }

  slots(): Iterable<Slot> {
    return this.#ids.values();
  }

  /** Finds or makes; whoever makes one without an entry must subscribe to it, or `releaseIfUnused`. */
  intern(name: string): Slot {
    const existing = this.#ids.get(name);
    if (existing !== undefined) return existing;
    const id = this.#freeIds.pop() ?? this.#slots.length;
    const slot = new Slot(id, name, this);
    this.#slots[id] = slot;
    this.#ids.set(name, slot);
    return slot;
  }

  /** Ids of names that nobody serves and nobody waits for are used again. */
  releaseIfUnused(slot: Slot): void {
    if (slot.entry !== undefined || slot.pending !== undefined || slot.hasSubscribers) return;
    if (this.#slots[slot.id] !== slot) return;
    this.#slots[slot.id] = undefined;
    this.#freeIds.push(slot.id);
    this.#ids.delete(slot.name);
  }

  replace(slot: Slot, entry: ResourceEntry | undefined): void {
    slot.replace(entry);
    if (entry?.wildcard === true) this.wildcardSlots.add(slot);
    else this.wildcardSlots.delete(slot);
  }

  join(subscriber: Subscriber): number {
    const index = this.#freeSubscribers.pop() ?? this.#subscribers.length;
    this.#subscribers[index] = subscriber;
    return index;
  }

  leave(index: number): void {
    this.#subscribers[index] = undefined;
    this.#freeSubscribers.push(index);
  }

  /** Tells those that named or hold it and, when it is of the wildcard set, those that want them all. */
  announce(slot: Slot): void {
    slot.forEachSubscriber((index) => {
      this.#subscribers[index]?.changed(slot);
    });
    if (slot.entry?.wildcard === true) for (const subscriber of this.wildcards) subscriber.changed(slot);
  }
}
