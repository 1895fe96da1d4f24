/** Counts who needs a key; tells when the first came and the last went. */
export class ReferenceCounts<Key> {
  readonly #counts = new Map<Key, number>();

  /** Those that somebody needs. */
  keys(): IterableIterator<Key> {
    return this.#counts.keys();
  }

  /** Whether the key is new. */
  add(key: Key): boolean {
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return count === 0;
  }

  /** Whether nobody needs the key any more. */
  release(key: Key): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key);
    return count === 1;
  }
}
