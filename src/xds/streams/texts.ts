import { isAscii } from '../cache/text-bytes.ts';

/** Most requests have no texts: they share one array. */
const none = new Uint32Array(0);

/**
 * Strings of a message, which stay bytes until one is asked for: of a client that returns they are thousands, and most are only looked
 * up or compared.
 */
export class Texts implements Iterable<string> {
  readonly bytes: Buffer;
  /** Start and end of each. */
  #bounds = none;
  #length = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get length(): number {
    return this.#length;
  }

  add(start: number, end: number): void {
    if (2 * this.#length === this.#bounds.length) this.#grow();
    this.#bounds[2 * this.#length] = start;
    this.#bounds[2 * this.#length + 1] = end;
    this.#length += 1;
  }

  start(index: number): number {
    return this.#bounds[2 * index] ?? 0;
  }

  end(index: number): number {
    return this.#bounds[2 * index + 1] ?? 0;
  }

  text(index: number): string {
    return this.bytes.toString('utf8', this.start(index), this.end(index));
  }

  /** @param text in ASCII */
  is(index: number, text: string): boolean {
    return isAscii(text, this.bytes, this.start(index), this.end(index));
  }

  /** @param text in ASCII */
  includes(text: string): boolean {
    for (let index = 0; index < this.length; index += 1) if (this.is(index, text)) return true;
    return false;
  }

  /** The first of more than so many UTF-16 code units. */
  firstLongerThan(units: number): string | undefined {
    for (let index = 0; index < this.length; index += 1) {
      // As many bytes at least.
      if (this.end(index) - this.start(index) > units && this.text(index).length > units) return this.text(index);
    }
    return undefined;
  }

  *[Symbol.iterator](): Generator<string> {
    for (let index = 0; index < this.length; index += 1) yield this.text(index);
  }

  #grow(): void {
    const bounds = new Uint32Array(Math.max(16, 2 * this.#bounds.length));
    bounds.set(this.#bounds);
    this.#bounds = bounds;
  }
}
