import type { ClientView } from '../../resources/resource-entry.ts';
import type { Slot } from '../cache/slot.ts';
import type { Subscriber, TypeStore } from '../cache/type-store.ts';
import type { Batch, Collected, CollectOptions, InFlight } from './batch.ts';
import { FullCollector, PartCollector, type SubscriptionState } from './collector.ts';
import { Demand } from './demand.ts';
import { RejectionSearch } from './rejection-search.ts';
import { isForced, isNamed, ResourceStates, unknown } from './resource-states.ts';
import { type Resumption, resume } from './resume.ts';
import { SubscriptionStatus } from './subscription-status.ts';
import { WorkSignal } from './work-signal.ts';

/** A client that lets go of everything again and again without reading is not worth more memory. */
const mostUnconfirmed = 10_000;

/**
 * What one stream wants, knows and lacks of one type. Knows nothing of sockets, messages or variants: requests call
 * its methods, `collect…` says what to send next, and at most one response is in flight, so that everything that
 * changes meanwhile is one later response.
 */
export class Subscription implements Subscriber {
  readonly store: TypeStore;
  readonly status: SubscriptionStatus;
  readonly #index: number;
  readonly #states: ResourceStates;
  readonly #demand: Demand;
  readonly #search = new RejectionSearch();
  readonly #state: SubscriptionState;
  readonly #work: WorkSignal;
  #owesAnswer = false;
  #inFlight: InFlight | undefined;
  /** Names of what was in flight when the client let go of everything: it may read that yet, and keep it. */
  #unconfirmed: readonly string[] = [];

  constructor(store: TypeStore, view: ClientView, onWork: () => void) {
    this.store = store;
    this.#work = new WorkSignal(onWork);
    this.#index = store.join(this, view);
    this.#states = new ResourceStates(store, this.#index, (slot) => this.#letGo(slot));
    this.#demand = new Demand(this.#states, view);
    this.#state = { store, demand: this.#demand, states: this.#states, search: this.#search };
    this.status = new SubscriptionStatus(this.#state);
  }

  get typeUrl(): string {
    return this.store.typeUrl;
  }

  get inFlight(): InFlight | undefined {
    return this.#inFlight;
  }

  get namedCount(): number {
    return this.#demand.named;
  }

  get wildcard(): boolean {
    return this.#demand.wildcard;
  }

  get hasWork(): boolean {
    return this.#inFlight === undefined && this.isBehind;
  }

  /** There may be something to send, now or after the acknowledgement that is awaited. */
  get isBehind(): boolean {
    return this.#states.dirty.length > 0 || this.#owesAnswer || this.#search.isGoingOn;
  }

  isDirty(name: string): boolean {
    const slot = this.store.find(name);
    return slot !== undefined && this.#states.isDirty(slot);
  }

  someDirty(test: (name: string) => boolean): boolean {
    return this.#states.dirty.some((id) => {
      const slot = this.store.slot(id);
      return slot !== undefined && this.#states.isDirty(slot) && test(slot.name);
    });
  }

  isNamed(name: string): boolean {
    const slot = this.store.find(name);
    return slot !== undefined && this.#demand.isNamed(slot);
  }

  /** It is sent even if the client has it: it may have dropped what it names again. */
  subscribe(name: string): void {
    const slot = this.store.intern(name);
    this.#mark(slot, this.#demand.addName(slot) | isForced, performance.now());
  }

  unsubscribe(name: string): void {
    const slot = this.store.find(name);
    const word = this.#demand.dropName(slot);
    if (slot === undefined || word === undefined) return;
    // With a wildcard the client cannot know whether it still gets the resource, so it is told either way.
    if (this.wildcard) this.#mark(slot, word | isForced, performance.now());
    else this.#states.put(slot, 0);
    this.#fallSilentIfEmpty();
  }

  /** Makes the named resources these and no others. */
  keepOnly(names: ReadonlySet<string>): void {
    const named = this.#states.select((word) => (word & isNamed) !== 0);
    for (const { name } of named) if (!names.has(name)) this.unsubscribe(name);
  }

  /** Everything is sent even if the client has it: it may have dropped what it asks for again. */
  setWildcard(): void {
    this.#enterWildcard();
    const now = performance.now();
    for (const slot of this.store.wildcardSlots) this.#mark(slot, this.#states.word(slot.id) | isForced, now);
    // A resource that was in flight when its name was dropped is kept by the client if it now takes everything.
    for (const name of [...this.#namesInFlight(), ...this.#unconfirmed]) {
      const slot = this.store.intern(name);
      if (this.#states.word(slot.id) === 0) this.#mark(slot, unknown, now);
    }
  }

  unsetWildcard(): void {
    this.#demand.wildcard = false;
    this.store.wildcards.delete(this);
    for (const slot of this.#states.select((word) => (word & isNamed) === 0)) this.#states.put(slot, 0);
    this.#fallSilentIfEmpty();
  }

  /** The first request of the type, with what a returning client has. */
  resume(resumption: Resumption): void {
    if (resumption.wildcard) this.#enterWildcard();
    resume(this.#state, resumption);
    if (this.#states.dirty.length > 0) this.#work.give(performance.now());
  }

  /** A response is due even if there is nothing to put into it. */
  oweAnswer(): void {
    this.#owesAnswer = true;
    this.#work.give(performance.now());
  }

  /** Sends it again although it did not change, if the client asked for it. */
  force(name: string): void {
    const slot = this.store.find(name);
    if (slot === undefined) return;
    const word = this.#states.word(slot.id);
    if (word !== 0) this.#mark(slot, word | isForced, performance.now());
  }

  forceAll(): void {
    const now = performance.now();
    for (const slot of this.#states.all()) this.#mark(slot, this.#states.word(slot.id) | isForced, now);
  }

  /** Of Subscriber. */
  changed(slot: Slot): void {
    const word = this.#states.word(slot.id);
    const since = slot.pending?.changedAt ?? performance.now();
    if (word !== 0 || this.#demand.wants(slot)) this.#mark(slot, word, since);
  }

  viewChanged(view: ClientView): void {
    const scoped = this.#states.all().filter((slot) => slot.entry !== undefined && slot.entry.scope !== 'fleet');
    for (const slot of scoped) slot.forget(this.#demand.view);
    this.#demand.view = view;
    this.store.move(this.#index, view);
    const now = performance.now();
    for (const slot of scoped) this.#mark(slot, this.#states.word(slot.id), now);
  }

  /** The next response where each may carry a part: delta, and the types of state-of-the-world other than full-state. */
  collectPart(options: CollectOptions, canRemove: boolean): Collected {
    this.#work.reset();
    const collector = new PartCollector(this.#state, options, canRemove);
    const collected = collector.collectSuspects() ?? collector.collectDirty();
    return collected === 'later' ? 'later' : this.#finish(collected);
  }

  /** The next response where each carries all that is subscribed: the absence of a name is its deletion. */
  collectAll(options: CollectOptions): Collected {
    this.#work.reset();
    const collector = new FullCollector(this.#state, options);
    if (!this.#owesAnswer && !collector.isOutdated()) {
      if (!options.holdRemovals) collector.clearDirty();
      return undefined;
    }
    const collected = collector.collect();
    if (collected === 'later') return 'later';
    collector.clearDirty();
    this.#owesAnswer = true;
    return this.#finish(collected);
  }

  sent(inFlight: InFlight): void {
    this.#inFlight = inFlight;
  }

  /** What was in flight is now what the client has. */
  acknowledge(): void {
    const batch = this.#takeInFlight();
    batch?.slots.forEach((slot, index) => {
      this.#search.forget(slot.id);
      this.#states.learn(slot, batch.stamps[index] ?? unknown);
    });
  }

  /**
   * The client rejected what was in flight. When the resource at fault is found, it alone is not sent again until it
   * changes.
   * @param canSplit false where each response carries everything; then all is held back until something changes
   */
  reject(canSplit: boolean): readonly string[] {
    const batch = this.#takeInFlight();
    if (batch === undefined) return [];
    const isFound = !canSplit || batch.slots.length === 1;
    for (const [index, slot] of batch.slots.entries()) {
      if (!this.#states.has(slot)) continue;
      if (isFound) this.#search.reject(slot.id, batch.stamps[index] ?? unknown);
      this.#states.learn(slot, unknown);
    }
    if (!isFound) this.#search.split(batch.slots);
    return batch.slots.map((slot) => slot.name);
  }

  close(): void {
    this.store.wildcards.delete(this);
    for (const slot of this.#states.all()) this.#states.put(slot, 0);
    this.store.leave(this.#index);
    this.#forgetWork();
  }

  #enterWildcard(): void {
    this.#demand.wildcard = true;
    this.store.wildcards.add(this);
  }

  #namesInFlight(): readonly string[] {
    return this.#inFlight?.batch.slots.map((slot) => slot.name) ?? [];
  }

  #takeInFlight(): Batch | undefined {
    const { batch } = this.#inFlight ?? {};
    this.#inFlight = undefined;
    this.#unconfirmed = [];
    return batch;
  }

  #finish(batch: Batch): Batch | undefined {
    if (batch.isEmpty && !this.#owesAnswer) return undefined;
    this.#owesAnswer = false;
    batch.changedAt = this.#work.changedAt;
    if (this.#states.dirty.length === 0) this.#work.changedAt = Number.POSITIVE_INFINITY;
    return batch;
  }

  #mark(slot: Slot, word: number, since: number): void {
    this.#states.mark(slot, word);
    this.#work.give(since);
  }

  #letGo(slot: Slot): void {
    this.#search.forget(slot.id);
    slot.forget(this.#demand.view);
  }

  /** A client drops a response of a type that it no longer subscribes to, and does not acknowledge it. */
  #fallSilentIfEmpty(): void {
    if (!this.#demand.isEmpty) return;
    this.#unconfirmed = [...this.#unconfirmed, ...this.#namesInFlight()].slice(-mostUnconfirmed);
    this.#forgetWork();
    this.#work.reset();
  }

  #forgetWork(): void {
    this.#inFlight = undefined;
    this.#owesAnswer = false;
    this.#search.stop();
    this.#states.dirty = [];
  }
}
