/** Counts the users of a key; reports when the first one is added and the last one is removed. */
export class ReferenceCounts<Key> {
  readonly #counts = new Map<Key, number>();

  /** The keys in use. */
  keys(): IterableIterator<Key> {
    return this.#counts.keys();
  }

  /** Whether the key is new. */
  add(key: Key): boolean {
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return count === 0;
  }

  /** Whether the key is no longer in use. */
  release(key: Key): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key);
    return count === 1;
  }
}
