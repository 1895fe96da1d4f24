import type { EncodedResource } from '../cache/encoded-resource.ts';
import type { LogEntry, Slot } from '../cache/slot.ts';
import { stampMask } from '../cache/stamps.ts';
import { Batch, type CollectOptions } from './batch.ts';
import { fold } from './folding.ts';
import { keepPage, type Page, takePage } from './paging.ts';
import { absent, atLeastUnknown, isDirty, isForced, isNamed, nothing, unknown } from './resource-states.ts';
import type { SubscriptionState } from './subscription-state.ts';

/** What one response will take: so many of the dirty, and of the log up to a sequence. */
interface Portion {
  readonly dirty: number;
  readonly end: number;
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

  /** The next part of what was rejected that has something to send; an empty batch when nothing is left. */
  collectSuspects(): Batch {
    const { search, states } = this.#state;
    while (search.isGoingOn && this.#batch.isEmpty) {
      for (const slot of search.takePart() ?? []) {
        if (!states.has(slot)) continue;
        states.put(slot, states.word(slot.id) | isDirty);
        this.#take(slot.id, false);
      }
    }
    return this.#batch;
  }

  /** What is new for the client. `later` when it is late and nothing was found to send. */
  collectNew(): Batch | 'later' {
    const { states, demand } = this.#state;
    if (!this.#options.holdRemovals) states.releaseHeld();
    const kept = takePage(this.#state, this.#options.maxBytes);
    if (kept !== undefined) return kept;
    const portion = this.#build();
    if (portion === undefined) return 'later';
    const taken = states.dirty.slice(0, portion.dirty);
    states.dirty = states.dirty.slice(portion.dirty);
    for (const id of taken) this.#take(id, this.#options.holdRemovals);
    const page = this.#takeLogged(portion.end);
    for (const name of this.#state.dead?.takeAnswers(this.#options.maxBytes - this.#batch.bytes) ?? []) {
      this.#batch.deny(name);
    }
    // Only now: what was answered last is for this client alone.
    if (page !== undefined && this.#batch.removed.length === 0) keepPage(this.#state, page);
    const isMore = states.dirty.length > 0 || demand.cursor?.isBehind === true;
    return this.#batch.isEmpty && isMore ? 'later' : this.#batch;
  }

  /**
   * Builds what one response holds. At least one is built each time, so that some later call succeeds.
   * @returns undefined when it is late
   */
  #build(): Portion | undefined {
    const { store, states, demand } = this.#state;
    const end = demand.cursor === undefined ? 0 : store.log.last;
    const budget = new BuildBudget(this.#state, this.#options);
    let count = 0;
    for (const id of states.dirty) {
      const slot = store.slot(id);
      count += 1;
      if (slot !== undefined && states.isDirty(slot) && !budget.build(slot)) break;
    }
    if (budget.isOpen) return this.#buildLogged(budget, count, end);
    return budget.isLate ? undefined : { dirty: count, end: 0 };
  }

  #buildLogged(budget: BuildBudget, dirty: number, last: number): Portion | undefined {
    const { demand } = this.#state;
    let end = last;
    demand.cursor?.forEachAhead((entry) => {
      if (!demand.isLogged(entry.slot) || budget.build(entry.slot)) return true;
      end = entry.sequence;
      return false;
    });
    return budget.isLate ? undefined : { dirty, end };
  }

  #take(id: number, holdRemovals: boolean): void {
    const { store, states, demand } = this.#state;
    const slot = store.slot(id);
    if (slot === undefined || !states.isDirty(slot)) return;
    const resource = demand.resource(slot);
    if (resource === undefined) this.#takeRemoval(slot, holdRemovals);
    else this.#takeResource(slot, resource);
  }

  #takeResource(slot: Slot, resource: EncodedResource): void {
    const { states, search } = this.#state;
    const word = states.word(slot.id);
    const known = word & stampMask;
    const isChanged = known !== resource.stamp;
    const isDue = (word & isForced) !== 0 || (isChanged && !search.isRejected(slot.id, resource.stamp));
    if (isDue) this.#batch.add(slot, resource, isChanged);
    states.put(slot, (word & isNamed) | (isDue ? atLeastUnknown(known) : known));
    if (!isDue) fold(this.#state, slot);
  }

  #takeRemoval(slot: Slot, holdRemovals: boolean): void {
    const { states } = this.#state;
    const word = states.word(slot.id);
    const known = word & stampMask;
    const flags = word & isNamed;
    const force = (word & isForced) !== 0;
    // What refers to it may have changed with it, and is announced before it.
    const isHeld = holdRemovals || slot.pending !== undefined;
    const isTold = known === absent || (known === nothing && flags === 0);
    if (isTold && !force) states.put(slot, flags === 0 ? 0 : flags | known);
    else if (!this.#canRemove) states.put(slot, flags === 0 ? 0 : flags | absent);
    else if (isHeld && !force && known !== nothing) states.hold(slot, word);
    else {
      this.#batch.remove(slot, absent);
      states.put(slot, flags | atLeastUnknown(known));
    }
  }

  /** @returns what the response then is, if it holds every entry that it passed, and nothing else */
  #takeLogged(end: number): Page | undefined {
    const { demand } = this.#state;
    const { cursor } = demand;
    if (cursor === undefined || end === 0) return undefined;
    const passed: LogEntry[] = [];
    cursor.forEachAhead((entry) => {
      if (entry.sequence <= end) passed.push(entry);
      return entry.sequence < end;
    });
    const before = cursor.reach;
    const from = cursor.sent;
    const hasOthers = this.#batch.slots.length > 0;
    cursor.moveTo(end);
    for (const entry of passed) {
      if (!demand.isLogged(entry.slot)) fold(this.#state, entry.slot);
      else if (entry.isLive) this.#takeLive(entry.slot);
      else if (entry.born <= before) this.#takeTombstone(entry.slot);
    }
    const isWhole = passed.length > 0 && !hasOthers && this.#batch.slots.length === passed.length;
    return isWhole ? { from, end, maxBytes: this.#options.maxBytes, batch: this.#batch } : undefined;
  }

  /** What cannot be built is remembered: the client does not have it, and may have an earlier version. */
  #takeLive(slot: Slot): void {
    const resource = this.#state.demand.resource(slot);
    if (resource !== undefined) this.#batch.add(slot, resource, true);
    else if (slot.pending === undefined) this.#state.states.put(slot, unknown);
  }

  #takeTombstone(slot: Slot): void {
    if (!this.#canRemove) return;
    if (this.#options.holdRemovals) this.#state.states.hold(slot, unknown);
    else this.#batch.remove(slot, absent);
  }
}

/** Builds until the response is full or it is late. */
class BuildBudget {
  readonly #state: SubscriptionState;
  readonly #options: CollectOptions;
  #bytes = 0;
  isLate = false;

  constructor(state: SubscriptionState, options: CollectOptions) {
    this.#state = state;
    this.#options = options;
  }

  get isOpen(): boolean {
    return !this.isLate && this.#bytes < this.#options.maxBytes;
  }

  /** @returns whether there is room for more */
  build(slot: Slot): boolean {
    const { demand } = this.#state;
    const isBuilt = slot.isBuilt(demand.view);
    this.#bytes += demand.resource(slot)?.deltaField.length ?? slot.name.length;
    this.isLate = this.#bytes < this.#options.maxBytes && !isBuilt && performance.now() > this.#options.deadline;
    return this.isOpen;
  }
}
