import type { Slot } from '../cache/slot.ts';
import { stampMask } from '../cache/stamps.ts';
import type { TypeStore } from '../cache/type-store.ts';
import { SlotMap } from './slot-map.ts';

/** Flags beside the stamp in the word that a stream keeps for each resource. */
export const isNamed = 0x8000_0000;
export const isDirty = 0x4000_0000;
/** To be sent even if the client has it in this version. */
export const isForced = 0x2000_0000;

/** In an array. */
const bytesOfId = 4;

/** Stamps that are not versions: what the client has of a resource. */
export const nothing = 0;
/** It has some version; which one is not known. */
export const unknown = 1;
/** It was told that there is none. */
export const absent = 2;

/**
 * The words of one subscription, and its places in the index of subscribers, which are kept in step: a slot with a word
 * other than 0 knows the subscription.
 */
export class ResourceStates {
  readonly #store: TypeStore;
  readonly #index: number;
  readonly #onLetGo: (slot: Slot) => void;
  readonly #words = new SlotMap();
  /** Ids in the order in which they became dirty; some of them may be clean again. */
  dirty: number[] = [];
  /** Ids of resources that no longer exist but must not be removed from the client yet, as it may refer to them. */
  held: number[] = [];
  /** Counts every change. */
  revision = 0;

  /**
   * @param index of the subscription in the store
   * @param onLetGo called before a slot whose word became 0 may be reused
   */
  constructor(store: TypeStore, index: number, onLetGo: (slot: Slot) => void) {
    this.#store = store;
    this.#index = index;
    this.#onLetGo = onLetGo;
  }

  word(id: number): number {
    return this.#words.get(id);
  }

  put(slot: Slot, word: number): void {
    const before = this.#words.get(slot.id);
    this.#words.set(slot.id, word);
    this.revision += 1;
    if (before === 0 && word !== 0) slot.addSubscriber(this.#index);
    if (before === 0 || word !== 0) return;
    this.#onLetGo(slot);
    slot.deleteSubscriber(this.#index);
    this.#store.releaseIfUnused(slot);
  }

  /** So many words will be put. */
  expect(count: number): void {
    this.#words.expect(count, this.#store.idBound);
  }

  /** Of a name that the client has in the version that is served. @returns false when there is a word already */
  addKnown(id: number, stamp: number): boolean {
    if (this.#words.get(id) !== 0) return false;
    this.#words.set(id, stamp);
    this.revision += 1;
    this.#store.subscribers.add(id, this.#index);
    return true;
  }

  /** Adds a flag to a word that there is. */
  flag(id: number, flag: number): void {
    this.#words.set(id, this.#words.get(id) | flag);
    this.revision += 1;
  }

  mark(slot: Slot, word: number): void {
    if ((this.word(slot.id) & isDirty) === 0) this.dirty.push(slot.id);
    this.put(slot, word | isDirty);
  }

  hold(slot: Slot, word: number): void {
    this.held.push(slot.id);
    this.put(slot, word & ~isDirty);
  }

  /** What was held back is checked again. */
  releaseHeld(): void {
    for (const id of this.held.splice(0)) {
      const slot = this.#store.slot(id);
      if (slot !== undefined && this.has(slot)) this.mark(slot, this.word(id));
    }
  }

  /** Words that are kept. */
  get size(): number {
    return this.#words.size;
  }

  /** What the words and lists take. */
  get byteLength(): number {
    return this.#words.byteLength + bytesOfId * (this.dirty.length + this.held.length);
  }

  isDirty(slot: Slot): boolean {
    return (this.word(slot.id) & isDirty) !== 0;
  }

  /** What the client has once it has acknowledged; nothing is kept for what it neither has nor asked for. */
  learn(slot: Slot, stamp: number): void {
    if (!this.has(slot)) return;
    const flags = this.word(slot.id) & ~stampMask;
    this.put(slot, stamp === absent && flags === 0 ? 0 : flags | stamp);
  }

  /** Whether the slot was not released, and its id reused for another name, since. */
  has(slot: Slot): boolean {
    return this.#store.slot(slot.id) === slot && this.#words.get(slot.id) !== 0;
  }

  all(): Slot[] {
    return this.select(() => true);
  }

  select(test: (word: number) => boolean): Slot[] {
    const slots: Slot[] = [];
    this.#words.forEach((id, word) => {
      const slot = test(word) ? this.#store.slot(id) : undefined;
      if (slot !== undefined) slots.push(slot);
    });
    return slots;
  }

  forEach(visit: (slot: Slot, word: number) => void): void {
    this.#words.forEach((id, word) => {
      const slot = this.#store.slot(id);
      if (slot !== undefined) visit(slot, word);
    });
  }
}

/** While a response is in flight the client may have its content already, and must be told if it goes. */
export function atLeastUnknown(stamp: number): number {
  return stamp === nothing ? unknown : stamp;
}
