import type { Slot } from '../cache/slot.ts';
import type { TypeStore } from '../cache/type-store.ts';
import type { Demand } from './demand.ts';
import { absent, isNamed, type ResourceStates } from './resource-states.ts';

/** A resource that appears soon after it was asked for reaches the client unasked. */
const mostHeld = 1_000;
/** Of all streams and types together: each costs up to a kilobyte, and clients make them up. */
const mostHeldOfAll = 100_000;
/** In UTF-16 code units; no name that a Service could give to a resource is longer. */
const longestHeld = 512;

/** Of a string, with its place in an array; one of other characters than Latin-1 takes two bytes for each. */
export function bytesOfName(name: string): number {
  return 24 + 2 * name.length;
}

const toldWord = (isNamed | absent) >>> 0;

/**
 * Names without a resource that a client asked for. Envoy never drops them and lists all of them again when it
 * reconnects. They are answered; the latest are held in case a resource appears, the others are dropped: Envoy asks
 * again when it has a request for one.
 */
export class DeadNames {
  readonly #store: TypeStore;
  readonly #states: ResourceStates;
  readonly #demand: Demand;
  /** Slot ids, the oldest first; some may be alive again. */
  readonly #held = new Set<number>();
  #answers: string[] = [];
  #answerBytes = 0;

  constructor(store: TypeStore, states: ResourceStates, demand: Demand) {
    this.#store = store;
    this.#states = states;
    this.#demand = demand;
  }

  get held(): number {
    return this.#held.size;
  }

  /** Names that are answered without being held. */
  get unanswered(): number {
    return this.#answers.length;
  }

  /** What those names take. */
  get unansweredBytes(): number {
    return this.#answerBytes;
  }

  /** The client asks for the name. @returns false when it is only answered */
  admit(slot: Slot): boolean {
    this.#drop(slot.id);
    if (slot.name.length > longestHeld || (this.#isFull && !this.#dropOldest())) {
      this.#answers.push(slot.name);
      this.#answerBytes += bytesOfName(slot.name);
      return false;
    }
    this.#hold(slot.id);
    return true;
  }

  /** The client was told that what it asked for does not exist. */
  died(slot: Slot): void {
    this.#drop(slot.id);
    this.#hold(slot.id);
    while (this.#isOverfull && this.#dropOldest());
  }

  /** Names that the next response answers. What was asked for again since, or appeared, is answered otherwise. */
  takeAnswers(maxBytes: number): readonly string[] {
    const taken = new Set<string>();
    for (let bytes = 0; this.#answers.length > 0 && bytes < maxBytes; ) {
      const name = this.#answers.pop() ?? '';
      this.#answerBytes -= bytesOfName(name);
      const slot = this.#store.find(name);
      if (slot !== undefined && this.#states.word(slot.id) !== 0) continue;
      taken.add(name);
      bytes += name.length;
    }
    return [...taken];
  }

  clear(): void {
    this.#store.deadNames.held -= this.#held.size;
    this.#held.clear();
    this.#answers = [];
    this.#answerBytes = 0;
  }

  /** There is no room for one more. */
  get #isFull(): boolean {
    return this.#held.size >= mostHeld || this.#store.deadNames.held >= mostHeldOfAll;
  }

  get #isOverfull(): boolean {
    return this.#held.size > mostHeld || this.#store.deadNames.held > mostHeldOfAll;
  }

  #hold(id: number): void {
    if (this.#held.has(id)) return;
    this.#held.add(id);
    this.#store.deadNames.held += 1;
  }

  #drop(id: number): void {
    if (this.#held.delete(id)) this.#store.deadNames.held -= 1;
  }

  /** @returns false when the client has yet to be told of the oldest */
  #dropOldest(): boolean {
    const [oldest] = this.#held;
    if (oldest === undefined) return false;
    const slot = this.#store.slot(oldest);
    const isDead = slot !== undefined && slot.entry === undefined && this.#demand.isNamed(slot);
    if (isDead && this.#states.word(oldest) !== toldWord) return false;
    this.#drop(oldest);
    if (isDead && this.#demand.dropName(slot) !== undefined) this.#states.put(slot, 0);
    return true;
  }
}
