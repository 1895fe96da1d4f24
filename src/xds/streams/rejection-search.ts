import type { Slot } from '../cache/slot.ts';
import { halves } from './batch.ts';

/**
 * Which resources the client rejected. The protocol does not say which resource of a response was rejected, nor which of the
 * others were applied. Sending halves, and halves of these, finds it and delivers the others.
 */
export class RejectionSearch {
  /** Stamps, by slot id, that are not sent again. */
  #rejected: Map<number, number> | undefined;
  /** Parts of rejected responses that have yet to be sent separately. */
  #parts: readonly (readonly Slot[])[] = [];

  /** Whether the next response is part of the search. New work and the search take turns: 1,000 rejected resources are 2,000 responses. */
  isDue = false;

  get isGoingOn(): boolean {
    return this.#parts.length > 0;
  }

  /** Nothing is searched for, and nothing was found that is still served. */
  get isClear(): boolean {
    return !this.isGoingOn && (this.#rejected?.size ?? 0) === 0;
  }

  isRejected(id: number, stamp: number): boolean {
    return this.#rejected?.get(id) === stamp;
  }

  reject(id: number, stamp: number): void {
    this.#rejected ??= new Map();
    this.#rejected.set(id, stamp);
  }

  forget(id: number): void {
    this.#rejected?.delete(id);
  }

  /** Ids and stamps. */
  rejected(): Iterable<readonly [id: number, stamp: number]> {
    return this.#rejected ?? [];
  }

  split(slots: readonly Slot[]): void {
    this.#parts = [...halves(slots), ...this.#parts];
  }

  takePart(): readonly Slot[] | undefined {
    const [first] = this.#parts;
    this.#parts = this.#parts.slice(1);
    return first;
  }

  stop(): void {
    this.isDue = false;
    this.#parts = [];
  }
}
