import type { EncodedResource } from '../cache/encoded-resource.ts';
import type { Slot } from '../cache/slot.ts';
import { stampMask } from '../cache/stamps.ts';
import type { TypeStore } from '../cache/type-store.ts';
import { Batch, type CollectOptions } from './batch.ts';
import type { Demand } from './demand.ts';
import type { RejectionSearch } from './rejection-search.ts';
import {
  absent,
  atLeastUnknown,
  isDirty,
  isForced,
  isNamed,
  nothing,
  type ResourceStates,
  unknown,
} from './resource-states.ts';

/** What the parts of a subscription share. */
export interface SubscriptionState {
  readonly store: TypeStore;
  readonly demand: Demand;
  readonly states: ResourceStates;
  readonly search: RejectionSearch;
}

/** The next response where each may carry a part: delta, and the types of state-of-the-world other than full-state. */
export class PartCollector {
  readonly #state: SubscriptionState;
  readonly #options: CollectOptions;
  readonly #canRemove: boolean;
  readonly #batch: Batch;

  /** @param canRemove whether the variant has a place for removed names */
  constructor(state: SubscriptionState, options: CollectOptions, canRemove: boolean) {
    this.#state = state;
    this.#options = options;
    this.#canRemove = canRemove;
    this.#batch = new Batch(state.store.typeUrl);
  }

  /** Undefined when none of the parts that are searched is left, or none of their resources. */
  collectSuspects(): Batch | undefined {
    const { search, states } = this.#state;
    while (search.isGoingOn && this.#batch.isEmpty) {
      for (const slot of search.takePart() ?? []) {
        if (!states.has(slot)) continue;
        states.put(slot, states.word(slot.id) | isDirty);
        this.#take(slot.id, false);
      }
    }
    return this.#batch.isEmpty ? undefined : this.#batch;
  }

  /** `later` when it is late and nothing was found to send. */
  collectDirty(): Batch | 'later' {
    const { states } = this.#state;
    const ready = this.#build();
    if (ready === undefined) return 'later';
    const rest = states.dirty.slice(ready);
    const held = states.dirty.slice(0, ready).filter((id) => !this.#take(id, this.#options.holdRemovals));
    states.dirty = rest.concat(held);
    return this.#batch.isEmpty && rest.length > 0 ? 'later' : this.#batch;
  }

  /**
   * Builds what one response holds. At least one is built each time, so that some later call succeeds.
   * @returns how many of the dirty ones are ready; undefined when it is late
   */
  #build(): number | undefined {
    const { store, states, demand } = this.#state;
    let bytes = 0;
    for (const [index, id] of states.dirty.entries()) {
      const slot = store.slot(id);
      if (slot === undefined) continue;
      const isBuilt = slot.isBuilt(demand.view);
      bytes += demand.resource(slot)?.deltaField.length ?? slot.name.length;
      if (bytes >= this.#options.maxBytes) return index + 1;
      if (!isBuilt && performance.now() > this.#options.deadline) return undefined;
    }
    return states.dirty.length;
  }

  /** @returns whether it is dealt with; if not, it stays dirty */
  #take(id: number, holdRemovals: boolean): boolean {
    const { store, states, demand } = this.#state;
    const slot = store.slot(id);
    if (slot === undefined || !states.isDirty(slot)) return true;
    const resource = demand.resource(slot);
    if (resource === undefined) return this.#takeRemoval(slot, holdRemovals);
    this.#takeResource(slot, resource);
    return true;
  }

  #takeResource(slot: Slot, resource: EncodedResource): void {
    const { states, search } = this.#state;
    const word = states.word(slot.id);
    const known = word & stampMask;
    const isChanged = known !== resource.stamp;
    const isDue = (word & isForced) !== 0 || (isChanged && !search.isRejected(slot.id, resource.stamp));
    if (isDue) this.#batch.add(slot, resource, isChanged);
    states.put(slot, (word & isNamed) | (isDue ? atLeastUnknown(known) : known));
  }

  #takeRemoval(slot: Slot, holdRemovals: boolean): boolean {
    const { states } = this.#state;
    const word = states.word(slot.id);
    const known = word & stampMask;
    const flags = word & isNamed;
    const force = (word & isForced) !== 0;
    const isTold = known === absent || (known === nothing && flags === 0);
    if (isTold && !force) states.put(slot, flags === 0 ? 0 : flags | known);
    else if (!this.#canRemove) states.put(slot, flags === 0 ? 0 : flags | absent);
    else if (holdRemovals && !force && known !== nothing) return false;
    else {
      this.#batch.remove(slot, absent);
      states.put(slot, flags | atLeastUnknown(known));
    }
    return true;
  }
}

/** The next response where each carries all that is subscribed: the absence of a name is its deletion. */
export class FullCollector {
  readonly #state: SubscriptionState;
  readonly #options: CollectOptions;

  constructor(state: SubscriptionState, options: CollectOptions) {
    this.#state = state;
    this.#options = options;
  }

  /** Whether the client lacks something. */
  isOutdated(): boolean {
    const { store, states } = this.#state;
    return states.dirty.some((id) => {
      const slot = store.slot(id);
      return slot !== undefined && states.isDirty(slot) && this.#isDue(slot);
    });
  }

  collect(): Batch | 'later' {
    const slots = this.#state.states.all();
    if (!this.#build(slots)) return 'later';
    const batch = new Batch(this.#state.store.typeUrl);
    for (const slot of slots) this.#include(slot, batch);
    return batch;
  }

  clearDirty(): void {
    const { store, states } = this.#state;
    for (const id of states.dirty.splice(0)) {
      const slot = store.slot(id);
      if (slot !== undefined) states.put(slot, states.word(id) & ~(isDirty | isForced));
    }
  }

  #isDue(slot: Slot): boolean {
    const { states, demand, search } = this.#state;
    const word = states.word(slot.id);
    if ((word & isForced) !== 0) return true;
    const resource = demand.resource(slot);
    const known = word & stampMask;
    if (resource === undefined) return known !== absent && known !== nothing && !this.#options.holdRemovals;
    return known !== resource.stamp && !search.isRejected(slot.id, resource.stamp);
  }

  /** As for a part, at least one is built each time. */
  #build(slots: readonly Slot[]): boolean {
    const { demand } = this.#state;
    for (const slot of slots) {
      if (slot.isBuilt(demand.view)) continue;
      demand.resource(slot);
      if (performance.now() > this.#options.deadline) return false;
    }
    return true;
  }

  #include(slot: Slot, batch: Batch): void {
    const { states, demand } = this.#state;
    const word = states.word(slot.id);
    const resource = demand.resource(slot);
    if (resource === undefined) {
      batch.learn(slot, absent);
      return;
    }
    batch.add(slot, resource, (word & stampMask) !== resource.stamp);
    if ((word & stampMask) === nothing) states.put(slot, word | unknown);
  }
}
