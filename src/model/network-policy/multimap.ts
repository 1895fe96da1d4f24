/** Values by key. Most keys have one, which is kept without a list: that would be half of the memory. */
export class Multimap<V extends object> {
  readonly #values = new Map<string, V | readonly V[]>();

  get size(): number {
    return this.#values.size;
  }

  get(key: string): readonly V[] {
    const values = this.#values.get(key);
    if (values === undefined) return [];
    return isList(values) ? values : [values];
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  add(key: string, value: V): void {
    const before = this.#values.get(key);
    this.#values.set(key, before === undefined ? value : [...this.get(key), value]);
  }

  delete(key: string, value: V): void {
    const others = this.get(key).filter((other) => other !== value);
    const [first] = others;
    if (first === undefined) this.#values.delete(key);
    else this.#values.set(key, others.length === 1 ? first : others);
  }

  clear(): void {
    this.#values.clear();
  }
}

function isList<V extends object>(values: V | readonly V[]): values is readonly V[] {
  return Array.isArray(values);
}
