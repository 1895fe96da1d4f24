import type { ClientView } from '../../resources/resource-entry.ts';
import type { Slot } from '../cache/slot.ts';
import type { Subscriber, TypeStore } from '../cache/type-store.ts';
import type { Batch, Collected, CollectOptions, InFlight } from './batch.ts';
import { Completion } from './completion.ts';
import { bytesOfName, DeadNames } from './dead-names.ts';
import { Demand } from './demand.ts';
import { fold } from './folding.ts';
import { FullCollector } from './full-collector.ts';
import { compareKnown, type Known } from './known.ts';
import { PartCollector } from './part-collector.ts';
import { RejectionSearch } from './rejection-search.ts';
import { absent, isForced, isNamed, ResourceStates, unknown } from './resource-states.ts';
import { type Resumption, resume } from './resume.ts';
import { Retained } from './retained.ts';
import type { SubscriptionState } from './subscription-state.ts';
import { SubscriptionStatus } from './subscription-status.ts';
import { WorkSignal } from './work-signal.ts';

/** A client that unsubscribes from everything again and again without reading is not worth more memory. */
const mostUnconfirmed = 10_000;

/** Of a name that is there for its subscribers alone. */
const slotBytes = 500;

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
  readonly #retained = new Retained();
  readonly #state: SubscriptionState;
  readonly #work: WorkSignal;
  #owesAnswer = false;
  #absentBytes = 0;
  /** What a returning client has, until it is compared. */
  #known: Known | undefined;
  /** Only for clients that want to be told. */
  #completion: Completion | undefined;
  #staleBuckets: readonly number[] = [];
  #inFlight: InFlight | undefined;
  /** Names of what was in flight when the client unsubscribed from everything: it may still read and keep them. */
  #unconfirmed: readonly string[] = [];

  /** @param tellsAbsence whether responses can name what does not exist */
  constructor(store: TypeStore, view: ClientView, tellsAbsence: boolean, onWork: () => void) {
    this.store = store;
    this.#work = new WorkSignal(onWork);
    this.#index = store.join(this, view);
    this.#states = new ResourceStates(store, this.#index, (slot) => this.#letGo(slot));
    this.#demand = new Demand(this.#states, store.log, view);
    const dead = tellsAbsence ? new DeadNames(store, this.#states, this.#demand) : undefined;
    const parts = { demand: this.#demand, states: this.#states, search: this.#search, retained: this.#retained };
    this.#state = { store, ...parts, dead };
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

  /** Names of resources that exist, did when they were asked for, or are new. */
  get liveNames(): number {
    return this.#demand.named - (this.#state.dead?.held ?? 0);
  }

  /** Names that have yet to be answered as absent. */
  get unansweredNames(): number {
    return this.#state.dead?.unanswered ?? 0;
  }

  /** What is kept of that which the client asked for. */
  get heldBytes(): number {
    return this.#states.byteLength + (this.#state.dead?.unansweredBytes ?? this.#absentBytes);
  }

  get wildcard(): boolean {
    return this.#demand.wildcard;
  }

  /** All names that the client asks for, where absence cannot be told: those without a resource are kept. */
  listed(names: ReadonlySet<string>): void {
    this.#absentBytes = 0;
    for (const name of names) {
      if (this.store.find(name)?.entry === undefined) this.#absentBytes += slotBytes + bytesOfName(name);
    }
  }

  get hasWork(): boolean {
    return this.#inFlight === undefined && this.isBehind;
  }

  /** There may be something to send, now or after the acknowledgement that is awaited. */
  get isBehind(): boolean {
    const { dirty, held } = this.#states;
    const isNew = dirty.length > 0 || held.length > 0 || this.#demand.cursor?.isBehind === true;
    const isOwed =
      this.unansweredNames > 0 || this.#owesAnswer || this.#known !== undefined || this.#completion?.isTold === false;
    return isNew || isOwed || this.#search.isGoingOn || this.#retained.names.size > 0;
  }

  isDirty(name: string): boolean {
    const slot = this.store.find(name);
    return slot !== undefined && this.#isDirty(slot);
  }

  someDirty(test: (name: string) => boolean): boolean {
    const isFound = (slot: Slot | undefined): boolean => slot !== undefined && this.#isDirty(slot) && test(slot.name);
    let isAhead = false;
    this.#demand.cursor?.forEachAhead(({ slot }) => {
      isAhead = isFound(slot);
      return !isAhead;
    });
    return isAhead || this.#states.dirty.some((id) => isFound(this.store.slot(id)));
  }

  isNamed(name: string): boolean {
    const slot = this.store.find(name);
    return slot !== undefined && this.#demand.isNamed(slot);
  }

  /** It is sent even if the client has it: it may have dropped the resource before it asked for it again. */
  subscribe(name: string): void {
    const slot = this.store.intern(name);
    if (slot.entry === undefined && this.#state.dead?.admit(slot) === false) this.#turnAway(slot);
    else this.#mark(slot, this.#demand.addName(slot) | isForced, performance.now());
  }

  unsubscribe(name: string): void {
    const slot = this.store.find(name);
    const word = this.#demand.dropName(slot);
    if (slot === undefined || word === undefined) return;
    // With a wildcard the client cannot know whether it still gets the resource, so it is told in either case.
    if (this.wildcard) this.#mark(slot, word | isForced, performance.now());
    else this.#states.put(slot, 0);
    this.#fallSilentIfEmpty();
  }

  /** Makes the named resources these and no others. */
  keepOnly(names: ReadonlySet<string>): void {
    const named = this.#states.select((word) => (word & isNamed) !== 0);
    for (const { name } of named) if (!names.has(name)) this.unsubscribe(name);
  }

  /** Everything is sent even if the client has it: it may have dropped what it asked for before. */
  setWildcard(): void {
    this.#known = undefined;
    this.store.wildcards.add(this);
    this.#demand.openWildcard().rewind();
    const now = performance.now();
    for (const slot of this.store.scopedWildcards) this.#mark(slot, this.#states.word(slot.id) | isForced, now);
    for (const slot of this.#states.all()) {
      if (slot.logged?.isLive === true) this.#mark(slot, this.#states.word(slot.id) | isForced, now);
    }
    // A resource that was in flight when its name was dropped is kept by the client if it now takes everything.
    for (const name of [...this.#namesInFlight(), ...this.#unconfirmed]) {
      const slot = this.store.intern(name);
      if (this.#states.word(slot.id) === 0) this.#mark(slot, unknown, now);
    }
    if (this.isBehind) this.#work.give(now);
  }

  unsetWildcard(): void {
    this.#known = undefined;
    this.#leaveWildcard();
    for (const slot of this.#states.select((word) => (word & isNamed) === 0)) this.#states.put(slot, 0);
    this.#fallSilentIfEmpty();
    if (!this.isBehind) this.#work.reset();
  }

  /** The first request of the type, with what a returning client has. */
  resume(resumption: Resumption): void {
    if (resumption.wildcard) this.store.wildcards.add(this);
    resume(this.#state, resumption);
    if (resumption.wildcard) this.#known = resumption.known;
    if (this.isBehind) this.#work.give(performance.now());
  }

  /** State-of-the-world: the client has something from an earlier stream, and does not say what. */
  comesBack(): void {
    this.#retained.mayHaveAny = true;
  }

  /** The client will be told when everything that exists now has been sent. */
  promiseCompletion(): void {
    this.#completion = this.#completionFromHere();
    this.#work.give(performance.now());
  }

  /** A response is due even if it is empty. */
  oweAnswer(): void {
    this.#owesAnswer = true;
    this.#work.give(performance.now());
  }

  /** Sends it again although it did not change, if the client asked for it. */
  force(name: string): void {
    const slot = this.store.find(name);
    if (slot === undefined) return;
    const word = this.#states.word(slot.id);
    const isLogged = this.#demand.isLogged(slot);
    if (word !== 0 || isLogged) this.#mark(slot, (isLogged ? unknown : word) | isForced, performance.now());
  }

  forceAll(): void {
    this.#demand.cursor?.rewind();
    const now = performance.now();
    for (const slot of this.#states.all()) this.#mark(slot, this.#states.word(slot.id) | isForced, now);
  }

  /** Of Subscriber. */
  changed(slot: Slot): void {
    const word = this.#states.word(slot.id);
    const since = slot.pending?.changedAt ?? performance.now();
    if (word !== 0) this.#mark(slot, word, since);
    // One that was the same for all clients until now had no word.
    else if (this.#demand.wants(slot)) this.#mark(slot, slot.pending?.announced === undefined ? 0 : unknown, since);
  }

  /** Of Subscriber. */
  logged(since: number, before: number): void {
    if (this.#demand.cursor !== undefined && before > this.#demand.cursor.sent) {
      this.#completion?.moved(before, this.store.log.last);
    }
    if (this.#demand.cursor?.isBehind === true) this.#work.give(since);
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
    if (!this.#compareKnown(options.deadline)) return 'later';
    const first = this.#search.isDue ? this.#collectSuspects(options, canRemove) : undefined;
    if (first !== undefined) return first;
    const before = this.#states.dirty.length;
    const collected = new PartCollector(this.#state, options, canRemove).collectNew();
    this.#completion?.took(before - this.#states.dirty.length);
    if (collected === 'later') return 'later';
    this.#search.isDue = this.#search.isGoingOn;
    return this.#finish(collected) ?? this.#collectSuspects(options, canRemove);
  }

  /** The next response where each carries all that is subscribed: the absence of a name is its deletion. */
  collectAll(options: CollectOptions): Collected {
    this.#work.reset();
    const collector = new FullCollector(this.#state, options);
    if (!collector.buildDirty()) return 'later';
    if (!this.#owesAnswer && !collector.isOutdated()) {
      if (!options.holdRemovals) this.#skip(collector);
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
    // The cursor has it all, unless a word was put meanwhile.
    if (batch?.isPage === true && this.#states.size === 0 && this.#search.isClear) return;
    batch?.slots.forEach((slot, index) => {
      this.#search.forget(slot.id);
      this.#states.learn(slot, batch.stamps[index] ?? unknown);
      if (batch.stamps[index] === absent && this.#demand.isNamed(slot)) this.#state.dead?.died(slot);
      fold(this.#state, slot);
    });
  }

  /**
   * The client rejected what was in flight. Once the rejected resource is found, only that one is not sent again until it
   * changes.
   * @param canSplit false where each response carries everything; then everything is held back until something changes
   */
  reject(canSplit: boolean): readonly string[] {
    const batch = this.#takeInFlight();
    if (batch === undefined) return [];
    const isFound = !canSplit || batch.slots.length === 1;
    for (const [index, slot] of batch.slots.entries()) {
      if (!this.#unlearn(slot)) continue;
      if (isFound) this.#search.reject(slot.id, batch.stamps[index] ?? unknown);
    }
    if (!isFound) this.#search.split(batch.slots);
    return batch.slots.map((slot) => slot.name);
  }

  close(): void {
    this.#leaveWildcard();
    for (const slot of this.#states.all()) this.#states.put(slot, 0);
    this.store.leave(this.#index);
    this.#forgetWork();
  }

  /** It is answered, and not kept. */
  #turnAway(slot: Slot): void {
    if (this.#demand.dropName(slot) !== undefined) this.#states.put(slot, 0);
    else this.store.releaseIfUnused(slot);
    this.#work.give(performance.now());
  }

  #leaveWildcard(): void {
    this.store.wildcards.delete(this);
    this.#demand.closeWildcard();
  }

  #isDirty(slot: Slot): boolean {
    if (this.#demand.isLogged(slot)) return this.#demand.cursor?.hasPassed(slot) === false;
    return this.#states.isDirty(slot);
  }

  #collectSuspects(options: CollectOptions, canRemove: boolean): Batch | undefined {
    this.#search.isDue = false;
    return this.#finish(new PartCollector(this.#state, options, canRemove).collectSuspects());
  }

  /** What changed need not be sent. */
  #skip(collector: FullCollector): void {
    collector.clearDirty();
    this.#demand.cursor?.settle();
  }

  /** After a rejection it is not known what the client has. @returns false when it no longer concerns the client */
  #unlearn(slot: Slot): boolean {
    const isLogged = this.#demand.isLogged(slot) && this.store.slot(slot.id) === slot;
    if (!isLogged) this.#states.learn(slot, unknown);
    else if (this.#demand.cursor?.hasPassed(slot) === true) this.#states.put(slot, unknown);
    else this.#states.mark(slot, unknown);
    return this.#states.has(slot);
  }

  #namesInFlight(): readonly string[] {
    return this.#inFlight?.batch.slots.map((slot) => slot.name) ?? [];
  }

  #takeInFlight(): Batch | undefined {
    const { batch } = this.#inFlight ?? {};
    this.#inFlight = undefined;
    this.#unconfirmed = [];
    this.#demand.cursor?.settle();
    return batch;
  }

  #completionFromHere(): Completion {
    return new Completion(this.#states.dirty.length, this.store.log.last);
  }

  /** @returns false when it is late */
  #compareKnown(deadline: number): boolean {
    if (this.#known === undefined) return true;
    const stale = compareKnown(this.#state, this.#known, deadline);
    if (stale === undefined) return false;
    this.#known = undefined;
    this.#staleBuckets = stale;
    // Without a signal: this is a collection already, and the signal would hide that of the next change.
    if (this.#completion !== undefined) this.#completion = this.#completionFromHere();
    return true;
  }

  #finish(batch: Batch): Batch | undefined {
    batch.isComplete = this.#completion?.isReached(this.#demand.cursor) === true;
    const isDue = this.#owesAnswer || (batch.isComplete && this.#completion?.isTold === false);
    if (batch.isEmpty && !isDue) {
      if (this.#inFlight === undefined) this.#demand.cursor?.settle();
      return undefined;
    }
    this.#owesAnswer = false;
    if (batch.isComplete && this.#completion !== undefined) this.#completion.isTold = true;
    batch.staleBuckets = this.#staleBuckets;
    this.#staleBuckets = [];
    batch.changedAt = this.#work.changedAt;
    if (!this.isBehind) this.#work.changedAt = Number.POSITIVE_INFINITY;
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
    this.#known = undefined;
    this.#completion = undefined;
    this.#state.dead?.clear();
    this.#absentBytes = 0;
    this.#retained.clear();
    this.#search.stop();
    this.#states.dirty = [];
    this.#states.held = [];
  }
}
