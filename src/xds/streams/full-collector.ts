import type { LogEntry, Slot } from '../cache/slot.ts';
import { stampMask } from '../cache/stamps.ts';
import { Batch, type CollectOptions } from './batch.ts';
import { absent, isDirty, isForced, nothing, unknown } from './resource-states.ts';
import type { SubscriptionState } from './subscription-state.ts';

/** The next response where each carries all that is subscribed: the absence of a name is its deletion. */
export class FullCollector {
  readonly #state: SubscriptionState;
  readonly #options: CollectOptions;

  constructor(state: SubscriptionState, options: CollectOptions) {
    this.#state = state;
    this.#options = options;
  }

  /** Whether something is missing at the client. */
  isOutdated(): boolean {
    const { store, states } = this.#state;
    const isOutdated = states.dirty.some((id) => {
      const slot = store.slot(id);
      return slot !== undefined && states.isDirty(slot) && this.#isDue(slot);
    });
    return isOutdated || this.#isLogAhead();
  }

  collect(): Batch | 'later' {
    const { demand, states } = this.#state;
    const slots = [...states.all(), ...this.#logged()];
    if (!this.#build(slots)) return 'later';
    const batch = new Batch(this.#state.store.typeUrl);
    for (const slot of slots) {
      if (demand.isLogged(slot)) this.#includeLogged(slot, batch);
      else this.#include(slot, batch);
    }
    return batch;
  }

  /** Nothing of what changed is to be sent, or all of it was. */
  clearDirty(): void {
    const { store, states, demand } = this.#state;
    for (const id of states.dirty.splice(0)) {
      const slot = store.slot(id);
      if (slot !== undefined) states.put(slot, states.word(id) & ~(isDirty | isForced));
    }
    demand.cursor?.moveToEnd();
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

  #isLogAhead(): boolean {
    let isAhead = false;
    this.#state.demand.cursor?.forEachAhead((entry) => {
      isAhead = this.#isEntryDue(entry);
      return !isAhead;
    });
    return isAhead;
  }

  #isEntryDue(entry: LogEntry): boolean {
    const { demand } = this.#state;
    if (!demand.isLogged(entry.slot)) return false;
    return entry.isLive || (demand.cursor?.mayHave(entry) === true && !this.#options.holdRemovals);
  }

  #logged(): Slot[] {
    const { store, demand } = this.#state;
    const slots: Slot[] = [];
    if (!demand.wildcard) return slots;
    store.log.forEachAfter(0, ({ slot, isLive }) => {
      if (isLive && demand.isLogged(slot)) slots.push(slot);
      return true;
    });
    return slots;
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

  #includeLogged(slot: Slot, batch: Batch): void {
    const { demand } = this.#state;
    const resource = demand.resource(slot);
    if (resource !== undefined) batch.add(slot, resource, demand.cursor?.hasPassed(slot) !== true);
  }
}
