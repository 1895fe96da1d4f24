const pageSize = 512;

/** A word for each slot, a bit for each subscriber; the last word counts the bits. */
type Page = Uint32Array;

/**
 * Which subscribers hold which slots, a bit for each pair, in pages of 32 subscribers by 512 slots. A stream that says 10,000 names
 * writes into few pages, one word after another; with a set in each slot it would touch 10,000 objects all over the heap.
 */
export class SubscriberIndex {
  /** By 32 subscribers, then by 512 slots; absent where nobody holds anything. */
  readonly #pages: (Page | undefined)[][] = [];
  /** By slot: how many hold it. */
  #counts = new Uint32Array(16);

  isHeld(id: number): boolean {
    return (this.#counts[id] ?? 0) > 0;
  }

  has(id: number, index: number): boolean {
    return (this.#word(id, index >>> 5) & (1 << (index & 31))) !== 0;
  }

  add(id: number, index: number): void {
    if (this.has(id, index)) return;
    const page = this.#pageFor(id, index >>> 5);
    page[id % pageSize] = (page[id % pageSize] ?? 0) | (1 << (index & 31));
    page[pageSize] = (page[pageSize] ?? 0) + 1;
    this.#count(id, 1);
  }

  delete(id: number, index: number): void {
    const pages = this.#pages[index >>> 5];
    const page = pages?.[pageOf(id)];
    if (pages === undefined || page === undefined || !this.has(id, index)) return;
    page[id % pageSize] = (page[id % pageSize] ?? 0) & ~(1 << (index & 31));
    page[pageSize] = (page[pageSize] ?? 0) - 1;
    if (page[pageSize] === 0) pages[pageOf(id)] = undefined;
    this.#count(id, -1);
  }

  /** In ascending order. */
  forEach(id: number, visit: (index: number) => void): void {
    if (!this.isHeld(id)) return;
    for (let group = 0; group < this.#pages.length; group += 1) {
      for (let word = this.#word(id, group); word !== 0; word &= word - 1) {
        visit(group * 32 + 31 - Math.clz32(word & -word));
      }
    }
  }

  #word(id: number, group: number): number {
    return this.#pages[group]?.[pageOf(id)]?.[id % pageSize] ?? 0;
  }

  #pageFor(id: number, group: number): Page {
    while (this.#pages.length <= group) this.#pages.push([]);
    const pages = this.#pages[group] ?? [];
    while (pages.length <= pageOf(id)) pages.push(undefined);
    const page = pages[pageOf(id)] ?? new Uint32Array(pageSize + 1);
    pages[pageOf(id)] = page;
    return page;
  }

  #count(id: number, more: number): void {
    if (id >= this.#counts.length) {
      const grown = new Uint32Array(2 * id);
      grown.set(this.#counts);
      this.#counts = grown;
    }
    this.#counts[id] = (this.#counts[id] ?? 0) + more;
  }
}

function pageOf(id: number): number {
  return Math.floor(id / pageSize);
}
