import type { ClientView } from '../../resources/resource-entry.ts';
import type { EncodedResource } from '../cache/encoded-resource.ts';
import { firstStamp, type Slot, stampMask } from '../cache/slot.ts';
import type { Subscriber, TypeStore } from '../cache/type-store.ts';
import { Batch, type Collected, type CollectOptions, halves, type InFlight } from './batch.ts';
import {
  absent,
  atLeastUnknown,
  isDirty,
  isForced,
  isNamed,
  nothing,
  ResourceStates,
  unknown,
} from './resource-states.ts';
import type { ResourceStatus } from './stream-status.ts';

/** A client that lets go of everything again and again without reading is not worth more memory. */
const mostUnconfirmed = 10_000;

interface Progress {
  readonly wanted: number;
  readonly current: number;
}

/**
 * What one stream wants, knows and lacks of one type. Knows nothing of sockets, messages or variants: requests call
 * its methods, `collect…` says what to send next, and at most one response is in flight, so that everything that
 * changes meanwhile is one later response.
 */
export class Subscription implements Subscriber {
  readonly store: TypeStore;
  readonly #index: number;
  readonly #onWork: () => void;
  /** Whether `onWork` was called since the last collection. */
  #isNoted = false;
  #view: ClientView;
  readonly #states: ResourceStates;
  #dirty: number[] = [];
  #named = 0;
  #wildcard = false;
  #owesAnswer = false;
  #changedAt = Number.POSITIVE_INFINITY;
  #inFlight: InFlight | undefined;
  /** Names of what was in flight when the client let go of everything: it may read that yet, and keep it. */
  #unconfirmed: readonly string[] = [];
  /** Versions that a returning client says it has, until they are compared. */
  #claims: Map<number, string> | undefined;
  /** Contents that the client rejected; not sent again. */
  #rejected: Map<number, number> | undefined;
  /** Counted when asked for, and not again until something changes. */
  #progress: { readonly revision: number; readonly progress: Progress } | undefined;
  /** Parts of rejected responses, to be sent apart to find out which resource is at fault. */
  #suspects: readonly (readonly Slot[])[] = [];

  constructor(store: TypeStore, view: ClientView, onWork: () => void) {
    this.store = store;
    this.#view = view;
    this.#onWork = onWork;
    this.#index = store.join(this);
    this.#states = new ResourceStates(store, this.#index, (slot) => this.#letGo(slot));
  }

  get typeUrl(): string {
    return this.store.typeUrl;
  }

  get inFlight(): InFlight | undefined {
    return this.#inFlight;
  }

  get namedCount(): number {
    return this.#named;
  }

  get wildcard(): boolean {
    return this.#wildcard;
  }

  /** Nothing is asked for. */
  get isEmpty(): boolean {
    return this.#named === 0 && !this.#wildcard;
  }

  get hasWork(): boolean {
    return this.#inFlight === undefined && this.isBehind;
  }

  /** There may be something to send, now or after the acknowledgement that is awaited. */
  get isBehind(): boolean {
    return this.#dirty.length > 0 || this.#owesAnswer || this.#suspects.length > 0;
  }

  isDirty(name: string): boolean {
    const slot = this.store.find(name);
    return slot !== undefined && (this.#states.word(slot.id) & isDirty) !== 0;
  }

  someDirty(test: (name: string) => boolean): boolean {
    return this.#dirty.some((id) => {
      const slot = (this.#states.word(id) & isDirty) === 0 ? undefined : this.store.slot(id);
      return slot !== undefined && test(slot.name);
    });
  }

  /** It is sent even if the client has it: it may have dropped what it names again. */
  subscribe(name: string): void {
    const slot = this.store.intern(name);
    const word = this.#states.word(slot.id);
    if ((word & isNamed) === 0) this.#named += 1;
    this.#mark(slot, word | isNamed | isForced, performance.now());
  }

  unsubscribe(name: string): void {
    const slot = this.store.find(name);
    const word = slot === undefined ? 0 : this.#states.word(slot.id);
    if (slot === undefined || (word & isNamed) === 0) return;
    this.#named -= 1;
    // With a wildcard the client cannot know whether it still gets the resource, so it is told either way.
    if (this.#wildcard) this.#mark(slot, (word & ~isNamed) | isForced, performance.now());
    else this.#states.put(slot, 0);
    this.#fallSilentIfEmpty();
  }

  isNamed(name: string): boolean {
    const slot = this.store.find(name);
    return slot !== undefined && (this.#states.word(slot.id) & isNamed) !== 0;
  }

  /** Makes the named resources these and no others. */
  keepOnly(names: ReadonlySet<string>): void {
    const named = this.#states.select((word) => (word & isNamed) !== 0);
    for (const { name } of named) if (!names.has(name)) this.unsubscribe(name);
  }

  setWildcard(forced: boolean): void {
    this.#wildcard = true;
    this.store.wildcards.add(this);
    const now = performance.now();
    for (const slot of this.store.wildcardSlots) {
      this.#mark(slot, this.#states.word(slot.id) | (forced ? isForced : 0), now);
    }
    // A resource that was in flight when its name was dropped is kept by the client if it now takes everything.
    for (const name of [...this.#namesInFlight(), ...this.#unconfirmed]) {
      const slot = this.store.intern(name);
      if (this.#states.word(slot.id) === 0) this.#mark(slot, unknown, now);
    }
  }

  unsetWildcard(): void {
    this.#wildcard = false;
    this.store.wildcards.delete(this);
    for (const slot of this.#states.select((word) => (word & isNamed) === 0)) this.#states.put(slot, 0);
    this.#fallSilentIfEmpty();
  }

  /** A response is due even if there is nothing to put into it. */
  oweAnswer(): void {
    this.#owesAnswer = true;
    this.#noteWork(performance.now());
  }

  /**
   * The first request of a client that comes back with what it has. It can be long, and 1,000 clients may come at once:
   * each name is looked up once per list, and what is equal never becomes dirty.
   * @param claims names and versions; of what is not subscribed to, nothing is kept
   */
  resume(names: Iterable<string>, claims: Iterable<readonly [name: string, version: string]>): void {
    for (const [name, version] of claims) this.#claim(this.store.intern(name), version);
    const now = performance.now();
    for (const name of names) {
      const slot = this.store.intern(name);
      const word = this.#states.word(slot.id);
      if ((word & isNamed) === 0) this.#named += 1;
      if ((word & stampMask) >= firstStamp) this.#states.put(slot, word | isNamed);
      else this.#mark(slot, word | isNamed, now);
    }
    for (const slot of this.#states.select((word) => (word & isNamed) === 0)) this.#resumeUnnamed(slot, now);
  }

  #claim(slot: Slot, version: string): void {
    const built = slot.isBuilt(this.#view) ? slot.built(this.#view)?.resource : undefined;
    if (built?.version === version) {
      this.#states.put(slot, built.stamp);
      return;
    }
    this.#claims ??= new Map();
    this.#claims.set(slot.id, version);
    this.#states.put(slot, unknown);
  }

  /** With a wildcard the client has it through that, and is told if it is not of the set; without, it was dropped. */
  #resumeUnnamed(slot: Slot, now: number): void {
    const word = this.#states.word(slot.id);
    if (!this.#wildcard) this.#states.put(slot, 0);
    else if ((word & stampMask) < firstStamp || !this.#wants(slot, word)) this.#mark(slot, word, now);
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

  changed(slot: Slot): void {
    const word = this.#states.word(slot.id);
    if (word !== 0 || this.#wants(slot, word)) this.#mark(slot, word, slot.pending?.changedAt ?? performance.now());
  }

  viewChanged(view: ClientView): void {
    const scoped = this.#states.all().filter((slot) => slot.entry !== undefined && slot.entry.scope !== 'fleet');
    for (const slot of scoped) slot.forget(this.#view);
    this.#view = view;
    const now = performance.now();
    for (const slot of scoped) this.#mark(slot, this.#states.word(slot.id), now);
  }

  /** The next response where each may carry a part: delta, and the types of state-of-the-world other than full-state. */
  collectPart(options: CollectOptions, canRemove: boolean): Collected {
    this.#isNoted = false;
    for (const suspects of this.#suspects) {
      this.#suspects = this.#suspects.slice(1);
      const batch = this.#takeSuspects(suspects, canRemove);
      if (!batch.isEmpty) return this.#finish(batch);
    }
    const ready = this.#buildDirty(options);
    if (ready === undefined) return 'later';
    const batch = new Batch(this.typeUrl);
    const rest = this.#dirty.slice(ready);
    const held = this.#dirty.slice(0, ready).filter((id) => !this.#take(id, batch, options.holdRemovals, canRemove));
    this.#dirty = rest.concat(held);
    return batch.isEmpty && rest.length > 0 ? 'later' : this.#finish(batch);
  }

  /** The next response where each carries all that is subscribed: the absence of a name is its deletion. */
  collectAll(options: CollectOptions): Collected {
    this.#isNoted = false;
    if (!this.#owesAnswer && !this.#isOutdated(options)) return options.holdRemovals ? undefined : this.#clearDirty();
    const slots = this.#states.all();
    if (!this.#buildAll(slots, options)) return 'later';
    const batch = new Batch(this.typeUrl);
    for (const slot of slots) this.#include(slot, batch);
    this.#clearDirty();
    this.#owesAnswer = true;
    return this.#finish(batch);
  }

  sent(inFlight: InFlight): void {
    this.#inFlight = inFlight;
  }

  /** What was in flight is now what the client has. */
  acknowledge(): void {
    const batch = this.#takeInFlight();
    batch?.slots.forEach((slot, index) => {
      this.#rejected?.delete(slot.id);
      this.#learn(slot, batch.stamps[index] ?? unknown);
    });
  }

  /**
   * The client rejected what was in flight: the protocol does not say for which resource, and which of the others were
   * applied. Sent in halves, and halves of these, the one at fault is found and the others arrive; it alone is not sent
   * again until it changes.
   * @param canSplit false where each response carries everything; then all is held back until something changes
   */
  reject(canSplit: boolean): readonly string[] {
    const batch = this.#takeInFlight();
    if (batch === undefined) return [];
    const isFound = !canSplit || batch.slots.length === 1;
    for (const [index, slot] of batch.slots.entries()) {
      if (!this.#states.has(slot)) continue;
      if (isFound) this.#reject(slot, batch.stamps[index] ?? unknown);
      this.#learn(slot, unknown);
    }
    if (!isFound) this.#suspects = [...halves(batch.slots), ...this.#suspects];
    return batch.slots.map((slot) => slot.name);
  }

  /** Names of which the client rejected what is served now. */
  rejectedNames(): readonly string[] {
    return [...(this.#rejected ?? [])].flatMap(([id, stamp]) => {
      const slot = this.store.slot(id);
      return slot !== undefined && this.#served(slot, this.#states.word(id))?.stamp === stamp ? slot.name : [];
    });
  }

  /** What the client has, against what is served. */
  resources(): readonly ResourceStatus[] {
    return this.#states.all().map((slot) => {
      const word = this.#states.word(slot.id);
      const served = this.#served(slot, word)?.version ?? '';
      return { name: slot.name, acknowledged: slot.versionOf(word & stampMask), served };
    });
  }

  /** How many resources the client should have, and how many of them it has in the version that is served. */
  progress(): Progress {
    const { revision } = this.#states;
    if (this.#progress?.revision === revision) return this.#progress.progress;
    const progress = this.#measureProgress();
    this.#progress = { revision, progress };
    return progress;
  }

  close(): void {
    this.store.wildcards.delete(this);
    for (const slot of this.#states.all()) this.#states.put(slot, 0);
    this.store.leave(this.#index);
    this.#dirty = [];
    this.#suspects = [];
    this.#owesAnswer = false;
    this.#inFlight = undefined;
  }

  #measureProgress(): Progress {
    let wanted = 0;
    let current = 0;
    this.#states.forEach((slot, word) => {
      if (slot.entry === undefined || !this.#wants(slot, word)) return;
      wanted += 1;
      if (this.#served(slot, word)?.stamp === (word & stampMask)) current += 1;
    });
    return { wanted, current };
  }

  /** Built again if another stream of the node let go of it; what waits for its turn to be sent is not built for this. */
  #served(slot: Slot, word: number): EncodedResource | undefined {
    const mayBuild = (word & isDirty) === 0 || slot.isBuilt(this.#view);
    return mayBuild ? slot.encode(this.#view) : undefined;
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

  #takeSuspects(suspects: readonly Slot[], canRemove: boolean): Batch {
    const batch = new Batch(this.typeUrl);
    for (const slot of suspects) {
      if (!this.#states.has(slot)) continue;
      this.#states.put(slot, this.#states.word(slot.id) | isDirty);
      this.#take(slot.id, batch, false, canRemove);
    }
    return batch;
  }

  #reject(slot: Slot, stamp: number): void {
    this.#rejected ??= new Map();
    this.#rejected.set(slot.id, stamp);
  }

  /** @returns whether it is dealt with; if not, it stays dirty */
  #take(id: number, batch: Batch, holdRemovals: boolean, canRemove: boolean): boolean {
    const word = this.#states.word(id);
    const slot = this.store.slot(id);
    if (slot === undefined || (word & isDirty) === 0) return true;
    const resource = this.#current(slot, word);
    const known = this.#settle(slot, word, resource);
    const force = (word & isForced) !== 0;
    const flags = word & isNamed;
    if (resource !== undefined) {
      const isChanged = known !== resource.stamp;
      const isDue = force || (isChanged && this.#rejected?.get(id) !== resource.stamp);
      if (isDue) batch.add(slot, resource, isChanged);
      this.#states.put(slot, flags | (isDue ? atLeastUnknown(known) : known));
      return true;
    }
    const isTold = known === absent || (known === nothing && flags === 0);
    if (isTold && !force) this.#states.put(slot, flags === 0 ? 0 : flags | known);
    else if (!canRemove) this.#states.put(slot, flags === 0 ? 0 : flags | absent);
    else if (holdRemovals && !force && known !== nothing) return false;
    else {
      batch.remove(slot, absent);
      this.#states.put(slot, flags | atLeastUnknown(known));
    }
    return true;
  }

  /**
   * Builds what one response holds. At least one is built each time, so that some later call succeeds.
   * @returns how many of the dirty ones are ready; undefined when it is late
   */
  #buildDirty({ deadline, maxBytes }: CollectOptions): number | undefined {
    let bytes = 0;
    for (const [index, id] of this.#dirty.entries()) {
      const slot = this.store.slot(id);
      if (slot === undefined) continue;
      const isBuilt = slot.isBuilt(this.#view);
      bytes += this.#current(slot, this.#states.word(id))?.deltaField.length ?? slot.name.length;
      if (bytes >= maxBytes) return index + 1;
      if (!isBuilt && performance.now() > deadline) return undefined;
    }
    return this.#dirty.length;
  }

  /** As `#buildDirty`, for a response that holds all. */
  #buildAll(slots: readonly Slot[], { deadline }: CollectOptions): boolean {
    for (const slot of slots) {
      if (slot.isBuilt(this.#view)) continue;
      this.#current(slot, this.#states.word(slot.id));
      if (performance.now() > deadline) return false;
    }
    return true;
  }

  #include(slot: Slot, batch: Batch): void {
    const word = this.#states.word(slot.id);
    const resource = this.#current(slot, word);
    const known = this.#settle(slot, word, resource);
    this.#states.put(slot, (word & ~stampMask) | (resource === undefined ? known : atLeastUnknown(known)));
    if (resource !== undefined) batch.add(slot, resource, known !== resource.stamp);
    else batch.learn(slot, absent);
  }

  #isOutdated(options: CollectOptions): boolean {
    return this.#dirty.some((id) => {
      const word = this.#states.word(id);
      const slot = this.store.slot(id);
      if (slot === undefined || (word & isDirty) === 0) return false;
      const resource = this.#current(slot, word);
      const known = word & stampMask;
      if ((word & isForced) !== 0) return true;
      if (resource === undefined) return known !== absent && known !== nothing && !options.holdRemovals;
      return known !== resource.stamp && this.#rejected?.get(id) !== resource.stamp;
    });
  }

  #clearDirty(): undefined {
    for (const id of this.#dirty.splice(0)) {
      const slot = this.store.slot(id);
      if (slot !== undefined) this.#states.put(slot, this.#states.word(id) & ~(isDirty | isForced));
    }
  }

  #finish(batch: Batch): Collected {
    if (batch.isEmpty && !this.#owesAnswer) return undefined;
    this.#owesAnswer = false;
    batch.changedAt = this.#changedAt;
    if (this.#dirty.length === 0) this.#changedAt = Number.POSITIVE_INFINITY;
    return batch;
  }

  #current(slot: Slot, word: number): EncodedResource | undefined {
    return this.#wants(slot, word) ? slot.encode(this.#view) : undefined;
  }

  #wants(slot: Slot, word: number): boolean {
    return (word & isNamed) !== 0 || (this.#wildcard && slot.entry?.wildcard === true);
  }

  #settle(slot: Slot, word: number, resource: EncodedResource | undefined): number {
    const claimed = this.#claims?.get(slot.id);
    if (claimed === undefined) return word & stampMask;
    this.#claims?.delete(slot.id);
    return resource !== undefined && resource.version === claimed ? resource.stamp : unknown;
  }

  #learn(slot: Slot, stamp: number): void {
    if (!this.#states.has(slot)) return;
    const flags = this.#states.word(slot.id) & ~stampMask;
    const isOver = stamp === absent && flags === 0;
    this.#states.put(slot, isOver ? 0 : flags | stamp);
  }

  #mark(slot: Slot, word: number, since: number): void {
    if ((this.#states.word(slot.id) & isDirty) === 0) this.#dirty.push(slot.id);
    this.#states.put(slot, word | isDirty);
    this.#noteWork(since);
  }

  #noteWork(since: number): void {
    if (since < this.#changedAt) this.#changedAt = since;
    if (this.#isNoted) return;
    this.#isNoted = true;
    this.#onWork();
  }

  #letGo(slot: Slot): void {
    this.#claims?.delete(slot.id);
    this.#rejected?.delete(slot.id);
    slot.forget(this.#view);
  }

  /** A client drops a response of a type that it no longer subscribes to, and does not acknowledge it. */
  #fallSilentIfEmpty(): void {
    if (!this.isEmpty) return;
    this.#unconfirmed = [...this.#unconfirmed, ...this.#namesInFlight()].slice(-mostUnconfirmed);
    this.#inFlight = undefined;
    this.#owesAnswer = false;
    this.#isNoted = false;
    this.#suspects = [];
    this.#dirty = [];
  }
}
