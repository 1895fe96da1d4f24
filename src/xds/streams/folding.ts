import type { Slot } from '../cache/slot.ts';
import { firstStamp, stampMask } from '../cache/stamps.ts';
import type { SubscriptionState } from './subscription-state.ts';

/**
 * Drops the word of a resource if the cursor says the same: the client has the version that was announced last, and
 * the cursor has passed it.
 */
export function fold({ states, demand, search }: SubscriptionState, slot: Slot): void {
  const word = states.word(slot.id);
  if ((word & ~stampMask) !== 0 || word < firstStamp) return;
  if (slot.logged?.isLive !== true || slot.pending !== undefined || demand.cursor?.hasPassed(slot) !== true) return;
  if (!search.isRejected(slot.id, word) && slot.encode(demand.view)?.stamp === word) states.put(slot, 0);
}
