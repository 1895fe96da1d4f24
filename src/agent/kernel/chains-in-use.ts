/**
 * Which chains of a kind the kernel has, by number. A chain is deleted only after a transaction in which nothing led to it any
 * more: kernels before 6.2 refuse to delete a chain together with the last element that leads to it. Some are kept, since
 * what is not needed now often is again a moment later.
 */
export class ChainsInUse {
  readonly #spare: number;
  readonly #inKernel = new Set<number>();
  /** Not needed as of the last transaction. */
  #idle: ReadonlySet<number> = new Set();

  /** @param spare chains that are kept although nothing needs them */
  constructor(spare: number) {
    this.#spare = spare;
  }

  /** The kernel has none. */
  reset(): void {
    this.#inKernel.clear();
    this.#idle = new Set();
  }

  /** Whether the next transaction has something to delete. */
  get hasExcess(): boolean {
    return this.#idle.size > this.#spare;
  }

  /** What the next transaction, whose elements need these, must add, and what it can delete. */
  next(needed: ReadonlySet<number>): { readonly added: readonly number[]; readonly deleted: readonly number[] } {
    const deleted = this.hasExcess ? [...this.#idle].filter((number) => !needed.has(number)) : [];
    const added = [...needed].filter((number) => !this.#inKernel.has(number));
    for (const number of deleted) this.#inKernel.delete(number);
    for (const number of added) this.#inKernel.add(number);
    this.#idle = new Set([...this.#inKernel].filter((number) => !needed.has(number)));
    return { added, deleted };
  }
}
