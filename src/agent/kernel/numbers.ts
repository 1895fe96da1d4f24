/**
 * Numbers of things that have a name, the same after a restart: they come from a hash of the name, and only names whose hashes meet
 * depend on which came first.
 */
export class Numbers {
  readonly #least: number;
  readonly #count: number;
  readonly #numbers = new Map<string, number>();
  readonly #taken = new Set<number>();

  /** From `least`, `count` of them. */
  constructor(least: number, count: number) {
    this.#least = least;
    this.#count = count;
  }

  /** Undefined: all are taken. */
  of(name: string): number | undefined {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#taken.size === this.#count) return undefined;
    let offset = hash(name) % this.#count;
    while (this.#taken.has(this.#least + offset)) offset = (offset + 1) % this.#count;
    const number = this.#least + offset;
    this.#taken.add(number);
    this.#numbers.set(name, number);
    return number;
  }

  release(name: string): void {
    const number = this.#numbers.get(name);
    if (number === undefined) return;
    this.#numbers.delete(name);
    this.#taken.delete(number);
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let state = 0x811c_9dc5;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x0100_0193);
  }
  return state >>> 0;
}
