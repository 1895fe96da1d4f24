import { ElementStore } from '../../nftables/element-store.ts';
import type { ElementSet } from '../../nftables/objects.ts';

/** One map for each slot, made as they are needed. */
export class SlotStores {
  readonly #mapOf: (slot: number) => ElementSet;
  readonly #stores: ElementStore[] = [];

  constructor(mapOf: (slot: number) => ElementSet) {
    this.#mapOf = mapOf;
  }

  get stores(): readonly ElementStore[] {
    return this.#stores;
  }

  /** Makes the element of each slot that of the list, in all slots that it is or was in. */
  put(key: string, before: readonly string[], values: readonly string[]): void {
    values.forEach((value, slot) => {
      this.#store(slot).put(key, value);
    });
    for (let slot = values.length; slot < before.length; slot += 1) this.#store(slot).remove(key);
  }

  #store(slot: number): ElementStore {
    this.#stores[slot] ??= new ElementStore(this.#mapOf(slot));
    return this.#stores[slot];
  }

  /** Forgets the maps from this slot on, which are gone from the kernel. */
  truncate(count: number): void {
    this.#stores.length = Math.min(this.#stores.length, count);
  }
}
