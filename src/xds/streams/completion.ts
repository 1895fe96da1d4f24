import type { WildcardCursor } from './wildcard-cursor.ts';

/**
 * Whether everything has been sent that existed when the stream asked, however much changes meanwhile: a number of
 * dirty resources, which are sent in order, and the log up to a sequence.
 */
export class Completion {
  #dirty: number;
  #end: number;
  /** A response has said so. */
  isTold = false;

  constructor(dirty: number, end: number) {
    this.#dirty = dirty;
    this.#end = end;
  }

  /** This many dirty resources were sent. */
  took(count: number): void {
    this.#dirty -= count;
  }

  /** What was still to be sent moved from here to the end of the log. */
  moved(from: number, end: number): void {
    if (from <= this.#end) this.#end = end;
  }

  isReached(cursor: WildcardCursor | undefined): boolean {
    if (this.isTold) return true;
    return this.#dirty <= 0 && (cursor === undefined || cursor.sent >= this.#end);
  }
}
