import { nowhere } from '../cache/name-index.ts';
import type { Slot } from '../cache/slot.ts';
import { firstStamp, stampMask } from '../cache/stamps.ts';
import { fold } from './folding.ts';
import type { Known } from './known.ts';
import { isNamed, unknown } from './resource-states.ts';
import type { SubscriptionState } from './subscription-state.ts';
import type { Texts } from './texts.ts';

/** What the first request of a type says. */
export interface Resumption {
  readonly wildcard: boolean;
  /** The name `*` counts as none. */
  readonly names: Texts;
  /** What the client has in digests, instead of by name. */
  readonly known?: Known | undefined;
  /** What it has: names, each followed by its version. Of what it does not ask for, nothing is kept. */
  readonly claims: Texts;
}

/**
 * The first request of a client that reconnects with what it has. It can be long, and 1,000 clients may reconnect at once:
 * each name is looked up once per list, by its bytes, and what is equal never becomes dirty.
 */
export function resume(state: SubscriptionState, { wildcard, names, claims }: Resumption): void {
  state.states.expect(Math.max(names.length, claims.length / 2));
  resumeClaims(state, claims);
  resumeNames(state, names);
  if (wildcard) resumeWildcard(state, claims.length / 2);
  else for (const slot of state.states.select((word) => (word & isNamed) === 0)) state.states.put(slot, 0);
}

/** What is served to the client already is by far the most, so nothing is touched for it but numbers. */
function resumeClaims(state: SubscriptionState, claims: Texts): void {
  const { names } = state.store;
  let id = nowhere;
  for (let index = 0; index < claims.length; index += 2) {
    id = names.find(claims.bytes, claims.start(index), claims.end(index), id);
    const stamp = names.stampOf(id, claims.bytes, claims.start(index + 1), claims.end(index + 1));
    if (stamp === 0 || !state.states.addKnown(id, stamp)) claim(state, claims, index);
  }
}

function resumeNames(state: SubscriptionState, names: Texts): void {
  const { store, states, demand } = state;
  let id = nowhere;
  for (let index = 0; index < names.length; index += 1) {
    id = store.names.find(names.bytes, names.start(index), names.end(index), id);
    const isClaimed = id !== nowhere && (states.word(id) & stampMask) >= firstStamp;
    if (isClaimed) demand.keepName(id);
    else if (!names.is(index, '*')) resumeName(state, slotAt(state, names, index));
  }
}

function slotAt({ store }: SubscriptionState, texts: Texts, index: number): Slot {
  return store.internBytes(texts.bytes, texts.start(index), texts.end(index));
}

/** What is not built is compared when it is; until then the slot remembers which stamp this version would have. */
function claim(state: SubscriptionState, claims: Texts, index: number): void {
  const { store, states, demand } = state;
  const slot = slotAt(state, claims, index);
  const current = slot.current(demand.view);
  const version = index + 1;
  if (current !== undefined && claims.is(version, current.version)) {
    states.put(slot, current.stamp);
    if (slot.entry?.scope === 'fleet') store.names.setVersion(slot.id, current.version, current.stamp);
  } else if (slot.isBuilt(demand.view)) states.mark(slot, unknown);
  else states.mark(slot, slot.stampOf(claims.text(version)) ?? unknown);
}

function resumeName({ store, states, demand, dead }: SubscriptionState, slot: Slot): void {
  if (slot.entry === undefined && dead?.admit(slot) === false) {
    if (states.has(slot)) states.put(slot, 0);
    else store.releaseIfUnused(slot);
    return;
  }
  const word = demand.addName(slot);
  if ((word & stampMask) >= firstStamp) states.put(slot, word);
  else states.mark(slot, word);
}

function resumeWildcard(state: SubscriptionState, claims: number): void {
  const { store, states, demand } = state;
  const cursor = demand.openWildcard();
  // Words for what the client lacks, or for what it has, whichever is less.
  if (claims * 2 > store.log.live) {
    store.log.forEachAfter(0, ({ slot, isLive }) => {
      if (isLive && states.word(slot.id) === 0) states.mark(slot, 0);
      return true;
    });
    cursor.moveToEnd();
    cursor.settle();
  }
  for (const slot of store.scopedWildcards) if (states.word(slot.id) === 0) states.mark(slot, 0);
  resumeUnnamed(state);
}

/** The client is told to remove what it has that is neither named nor in the wildcard set. */
function resumeUnnamed(state: SubscriptionState): void {
  const { states, demand } = state;
  for (const slot of states.select((word) => (word & isNamed) === 0)) {
    if (demand.wants(slot)) fold(state, slot);
    else states.mark(slot, states.word(slot.id));
  }
}
