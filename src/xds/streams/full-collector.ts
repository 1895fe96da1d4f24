import type { RecentRemoval } from '../cache/recent-removals.ts';
import type { LogEntry, Slot } from '../cache/slot.ts';
import { stampMask } from '../cache/stamps.ts';
import { Batch, type CollectOptions } from './batch.ts';
import { absent, isDirty, isForced, nothing, unknown } from './resource-states.ts';
import { isOver, retainedBy } from './retaining.ts';
import type { SubscriptionState } from './subscription-state.ts';

/** The next response where each carries all that is subscribed: the absence of a name is its deletion. */
export class FullCollector {
  readonly #state: SubscriptionState;
  readonly #options: CollectOptions;

  constructor(state: SubscriptionState, options: CollectOptions) {
    this.#state = state;
    this.#options = options;
  }

  /** What `isOutdated` compares. @returns false past the deadline; then call it again */
  buildDirty(): boolean {
    return this.#build(this.#dirty());
  }

  /** Whether the client lacks something, or has what is gone. */
  isOutdated(): boolean {
    const { holdRemovals } = this.#options;
    return this.#dirty().some((slot) => this.#isDue(slot)) || this.#isLogAhead() || isOver(this.#state, holdRemovals);
  }

  collect(): Batch | 'later' {
    const { demand, states } = this.#state;
    const slots = [...states.all(), ...this.#logged()];
    const retained = retainedBy(this.#state, this.#options.holdRemovals);
    if (!this.#build(slots) || !this.#buildRetained(retained)) return 'later';
    const batch = new Batch(this.#state.store.typeUrl);
    this.#retain(retained, batch);
    for (const slot of slots) {
      if (demand.isLogged(slot)) this.#includeLogged(slot, batch);
      else this.#include(slot, batch);
    }
    return batch;
  }

  #retain(removals: readonly RecentRemoval[], batch: Batch): void {
    const { demand, retained } = this.#state;
    retained.clear();
    retained.names = new Set(removals.map(({ entry }) => entry.name));
    for (const removal of removals) {
      const resource = removal.encode(demand.view);
      if (resource !== undefined) batch.retain(resource);
    }
  }

  #dirty(): Slot[] {
    const { store, states } = this.#state;
    return states.dirty.flatMap((id) => {
      const slot = store.slot(id);
      return slot !== undefined && states.isDirty(slot) ? slot : [];
    });
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

  /** It is gone, and the client must not hear of it yet. */
  #isHeld(slot: Slot): boolean {
    return this.#options.holdRemovals || (slot.pending !== undefined && this.#state.store.removals !== undefined);
  }

  #isDue(slot: Slot): boolean {
    const { states, demand, search } = this.#state;
    const word = states.word(slot.id);
    if ((word & isForced) !== 0) return true;
    const resource = demand.resource(slot);
    const known = word & stampMask;
    if (resource === undefined) return known !== absent && known !== nothing && !this.#isHeld(slot);
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

  #buildRetained(removals: readonly RecentRemoval[]): boolean {
    const { view } = this.#state.demand;
    for (const removal of removals) {
      if (removal.isBuilt(view)) continue;
      removal.encode(view);
      if (performance.now() > this.#options.deadline) return false;
    }
    return true;
  }

  #include(slot: Slot, batch: Batch): void {
    const { states, demand } = this.#state;
    const word = states.word(slot.id);
    const resource = demand.resource(slot);
    if (resource === undefined) {
      if (!this.#state.retained.names.has(slot.name)) batch.learn(slot, absent);
      return;
    }
    batch.add(slot, resource, (word & stampMask) !== resource.stamp);
    if ((word & stampMask) === nothing) states.put(slot, word | unknown);
  }

  /** What has changed and was not announced is in it, too, and its cluster's endpoints have to follow. */
  #includeLogged(slot: Slot, batch: Batch): void {
    const { demand } = this.#state;
    const resource = demand.resource(slot);
    const isChanged = demand.cursor?.hasPassed(slot) !== true || slot.pending !== undefined;
    if (resource !== undefined) batch.add(slot, resource, isChanged);
  }
}
