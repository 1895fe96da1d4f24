import type { Resolution, Resolve } from '../../resources/resolve.ts';
import type { ResourceEntry } from '../../resources/resource-entry.ts';
import type { ResourceUnit } from '../../resources/resource-unit.ts';
import type { BuildError } from './encodings.ts';
import type { Owner, Slot } from './slot.ts';

export interface OwnershipOptions {
  readonly resolve: Resolve;
  readonly onError: BuildError;
  readonly slotOf: (entry: ResourceEntry) => Slot;
  readonly replace: (slot: Slot, entry: ResourceEntry | undefined) => void;
}

/**
 * The owner of each name. Units own what they list; a name that is only asked for is resolved, as long as a client holds it.
 * A unit's entry takes precedence over what was resolved.
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #units = new Map<string, Owner & { readonly kind: 'Unit' }>();
  readonly #resolved = new Map<string, Owner & { readonly kind: 'Resolved' }>();

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** All units as one batch: what one drops and another lists is not removed, in whatever order they come. */
  replace(units: Iterable<ResourceUnit>): void {
    const replaced: Owner[] = [];
    const keys = new Set<string>();
    for (const unit of units) {
      const before = this.#units.get(unit.owner);
      if (before !== undefined) replaced.push(before);
      this.#fill(unit);
      if (this.#resolved.has(unit.owner)) keys.add(unit.owner);
    }
    for (const key of keys) for (const slot of [...(this.#resolved.get(key)?.slots ?? [])]) this.resolve(slot);
    for (const owner of replaced) this.#empty(owner);
  }

  /** A name that no unit has: asked for, or of an owner that changed. */
  resolve(slot: Slot): void {
    const { typeUrl } = slot.type;
    try {
      this.#take(slot, this.#options.resolve(typeUrl, slot.name));
    } catch (error) {
      this.#options.onError({ typeUrl, name: slot.name }, error);
    }
  }

  /** Takes away the owner for which it was resolved. */
  release(slot: Slot): void {
    const { owner } = slot;
    if (owner?.kind !== 'Resolved') return;
    slot.owner = undefined;
    owner.slots.delete(slot);
    if (owner.slots.size === 0) this.#resolved.delete(owner.key);
  }

  #take(slot: Slot, resolution: Resolution | undefined): void {
    this.release(slot);
    if (resolution !== undefined) {
      const owner = this.#resolvedOf(resolution.owner);
      slot.owner = owner;
      owner.slots.add(slot);
    }
    this.#options.replace(slot, resolution?.entry);
  }

  #resolvedOf(key: string): Owner & { readonly kind: 'Resolved' } {
    const existing = this.#resolved.get(key);
    if (existing !== undefined) return existing;
    const owner = { kind: 'Resolved', key, slots: new Set<Slot>() } as const;
    this.#resolved.set(key, owner);
    return owner;
  }

  #fill({ owner: key, entries }: ResourceUnit): void {
    if (entries.length === 0) {
      this.#units.delete(key);
      return;
    }
    const slots = entries.map((entry) => this.#options.slotOf(entry));
    const owner = { kind: 'Unit', slots } as const;
    this.#units.set(key, owner);
    entries.forEach((entry, index) => {
      const slot = slots[index];
      if (slot === undefined) return;
      this.release(slot);
      slot.owner = owner;
      this.#options.replace(slot, entry);
    });
  }

  /** Removes what the unit no longer has and did not lose to another one. */
  #empty(owner: Owner): void {
    for (const slot of owner.slots) {
      if (slot.owner !== owner) continue;
      slot.owner = undefined;
      if (slot.hasSubscribers) this.resolve(slot);
      else this.#options.replace(slot, undefined);
    }
  }
}
