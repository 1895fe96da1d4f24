/** Most sets stay empty: they share one array. */
const none = new Uint32Array(0);

/** A growing set of small non-negative integers, one bit each. */
export class BitSet {
  #words: Uint32Array = none;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(index: number): boolean {
    return ((this.#words[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;
  }

  add(index: number): void {
    if (this.has(index)) return;
    this.#reserve(index >>> 5);
    this.#words[index >>> 5] = (this.#words[index >>> 5] ?? 0) | (1 << (index & 31));
    this.#size += 1;
  }

  delete(index: number): void {
    if (!this.has(index)) return;
    this.#words[index >>> 5] = (this.#words[index >>> 5] ?? 0) & ~(1 << (index & 31));
    this.#size -= 1;
    if (this.#size === 0) this.#words = none;
  }

  forEach(visit: (index: number) => void): void {
    for (let position = 0; position < this.#words.length; position++) {
      let word = this.#words[position] ?? 0;
      while (word !== 0) {
        const bit = 31 - Math.clz32(word & -word);
        visit(position * 32 + bit);
        word &= word - 1;
      }
    }
  }

  #reserve(position: number): void {
    if (position < this.#words.length) return;
    const grown = new Uint32Array(Math.max(position + 1, Math.ceil(this.#words.length * 1.5)));
    grown.set(this.#words);
    this.#words = grown;
  }
}
