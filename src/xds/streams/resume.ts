import type { Slot } from '../cache/slot.ts';
import { firstStamp, stampMask } from '../cache/stamps.ts';
import { fold } from './folding.ts';
import type { Known } from './known.ts';
import { isNamed, unknown } from './resource-states.ts';
import type { SubscriptionState } from './subscription-state.ts';

/** What the first request of a type says. */
export interface Resumption {
  readonly wildcard: boolean;
  readonly names: Iterable<string>;
  /** What the client has in digests, instead of by name. */
  readonly known?: Known | undefined;
  /** What it has; of what it does not ask for, nothing is kept. */
  readonly claims: readonly (readonly [name: string, version: string])[];
}

/**
 * The first request of a client that reconnects with what it has. It can be long, and 1,000 clients may reconnect at once:
 * each name is looked up once per list, and what is equal never becomes dirty.
 */
export function resume(state: SubscriptionState, { wildcard, names, claims }: Resumption): void {
  for (const [name, version] of claims) claim(state, state.store.intern(name), version);
  for (const name of names) resumeName(state, state.store.intern(name));
  if (wildcard) resumeWildcard(state, claims.length);
  else for (const slot of state.states.select((word) => (word & isNamed) === 0)) state.states.put(slot, 0);
}

/** What is not built is compared when it is; until then the slot remembers which stamp this version would have. */
function claim({ states, demand }: SubscriptionState, slot: Slot, version: string): void {
  if (!slot.isBuilt(demand.view)) {
    states.mark(slot, slot.stampOf(version) ?? unknown);
    return;
  }
  const resource = slot.encode(demand.view);
  if (resource?.version === version) states.put(slot, resource.stamp);
  else states.mark(slot, unknown);
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
