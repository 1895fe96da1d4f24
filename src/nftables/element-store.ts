import type { Element, ElementSet } from './objects.ts';
import type { Transaction } from './transaction.ts';

/**
 * What one set or map is to hold, and where the kernel's content differs from that. Only differences are sent; nothing
 * is ever listed.
 */
export class ElementStore {
  readonly set: ElementSet;
  readonly #wanted = new Map<string, string>();
  /** Keys whose kernel content may differ, with what the kernel holds; undefined is nothing. */
  readonly #stale = new Map<string, string | undefined>();
  /** False until something was sent: until then the kernel's set is empty or to be replaced, so everything differs. */
  #isTracking = false;

  constructor(set: ElementSet) {
    this.set = set;
  }

  get size(): number {
    return this.#wanted.size;
  }

  /** Elements that the kernel does not hold as wanted. */
  get staleCount(): number {
    return this.#stale.size;
  }

  has(key: string): boolean {
    return this.#wanted.has(key);
  }

  get(key: string): string | undefined {
    return this.#wanted.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#wanted.keys();
  }

  /** `value` is empty in sets. */
  put(key: string, value = ''): void {
    const before = this.#wanted.get(key);
    if (before === value) return;
    this.#touch(key, before);
    this.#wanted.set(key, value);
    this.#settle(key, value);
  }

  remove(key: string): void {
    const before = this.#wanted.get(key);
    if (before === undefined) return;
    this.#touch(key, before);
    this.#wanted.delete(key);
    this.#settle(key, undefined);
  }

  /** Makes exactly these keys wanted, in a set. */
  replaceKeys(keys: ReadonlySet<string>): void {
    for (const key of [...this.#wanted.keys()]) if (!keys.has(key)) this.remove(key);
    for (const key of keys) this.put(key);
  }

  /** Adds deletions of what the kernel holds and should not, or holds with another value. */
  deleteStale(transaction: Transaction): void {
    const keys = [...this.#stale].flatMap(([key, held]) => (held === undefined ? [] : [key]));
    transaction.add({ kind: 'DeleteElements', set: this.set, keys });
  }

  /** Adds what the kernel lacks; a changed value must have been deleted before, as nft cannot overwrite an element. */
  addStale(transaction: Transaction): void {
    const keys = this.#isTracking ? this.#stale.keys() : this.#wanted.keys();
    const elements = [...keys].flatMap((key) => this.#element(key) ?? []);
    transaction.add({ kind: 'AddElements', set: this.set, elements });
  }

  /** Adds everything, for a kernel set that is new and empty. */
  addAll(transaction: Transaction): void {
    const elements = [...this.#wanted.keys()].flatMap((key) => this.#element(key) ?? []);
    transaction.add({ kind: 'AddElements', set: this.set, elements });
  }

  /**
   * Takes what was put into a transaction as being in the kernel from now on. Changes that come while the transaction
   * runs are then differences from it. If it fails the caller replaces the whole table.
   */
  markSent(): void {
    this.#isTracking = true;
    this.#stale.clear();
  }

  #element(key: string): Element | undefined {
    const value = this.#wanted.get(key);
    if (value === undefined) return undefined;
    return this.set.value === undefined ? { key } : { key, value };
  }

  #touch(key: string, held: string | undefined): void {
    if (this.#isTracking && !this.#stale.has(key)) this.#stale.set(key, held);
  }

  #settle(key: string, wanted: string | undefined): void {
    if (this.#stale.get(key) === wanted) this.#stale.delete(key);
  }
}
