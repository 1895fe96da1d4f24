import { hashOfName } from '../../resources/digest.ts';
import type { Buckets } from '../cache/bucket-digests.ts';
import { isForced, isNamed } from './resource-states.ts';
import type { SubscriptionState } from './subscription-state.ts';

/** What a returning client has, by digests of buckets (protos/fairlead/node/v1/node.proto). */
export interface Known {
  readonly buckets: number;
  /** 8 bytes for each bucket. */
  readonly digests: Buffer;
}

/**
 * Compares what a client has with what it should have, building what that takes. What is equal costs no word; the rest
 * will be sent.
 * @returns the buckets that differ; undefined when it is late
 */
export function compareKnown(state: SubscriptionState, known: Known, deadline: number): readonly number[] | undefined {
  const { store, demand } = state;
  if (!store.digests.update(deadline)) return undefined;
  const buckets = store.digests.folded(known.buckets);
  if (!addScoped(state, buckets, deadline)) return undefined;
  const stale = buckets.differences(known.digests);
  markScoped(state, known, new Set(stale));
  // Where little is equal, the cursor stays where it is: at the beginning.
  if (stale.length * 2 > known.buckets) return stale;
  demand.cursor?.moveToEnd();
  demand.cursor?.settle();
  if (stale.length > 0) markLogged(state, known, new Set(stale));
  return stale;
}

/** @returns false past the deadline */
function addScoped({ store, demand }: SubscriptionState, buckets: Buckets, deadline: number): boolean {
  for (const slot of store.scopedWildcards) {
    const isBuilt = slot.isBuilt(demand.view);
    const digest = slot.encode(demand.view)?.digest;
    if (digest !== undefined) buckets.toggle(hashOfName(slot.name), digest);
    if (!isBuilt && performance.now() > deadline) return false;
  }
  return true;
}

function markScoped({ store, states, demand }: SubscriptionState, known: Known, stale: ReadonlySet<number>): void {
  for (const slot of store.scopedWildcards) {
    const resource = slot.encode(demand.view);
    const isStale = stale.has(hashOfName(slot.name) & (known.buckets - 1));
    // What is also named is sent in any case.
    const flags = states.word(slot.id) & (isNamed | isForced);
    if (isStale || resource === undefined || flags !== 0) states.mark(slot, flags);
    else states.put(slot, resource.stamp);
  }
}

function markLogged({ store, states }: SubscriptionState, known: Known, stale: ReadonlySet<number>): void {
  store.digests.forEachIn(stale, known.buckets, (slot) => {
    if (states.word(slot.id) === 0) states.mark(slot, 0);
  });
}
