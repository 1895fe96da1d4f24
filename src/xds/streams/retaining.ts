import type { RecentRemoval } from '../cache/recent-removals.ts';
import { stampMask } from '../cache/stamps.ts';
import { absent, nothing } from './resource-states.ts';
import type { SubscriptionState } from './subscription-state.ts';

/**
 * What the next full state carries although it was removed.
 * @param holdRemovals all that the client may have; otherwise only that of which the removal is not announced yet
 */
export function retainedBy(state: SubscriptionState, holdRemovals: boolean): readonly RecentRemoval[] {
  const { removals } = state.store;
  if (removals === undefined) return [];
  return [...removals.all()].filter((removal) => {
    const isPending = state.store.find(removal.entry.name)?.pending !== undefined;
    return (holdRemovals || isPending) && mayHave(state, removal);
  });
}

/** It was retained until now, and there is no reason left. */
export function isOver(state: SubscriptionState, holdRemovals: boolean): boolean {
  if (state.retained.names.size === 0) return false;
  const still = new Set(retainedBy(state, holdRemovals).map(({ entry }) => entry.name));
  return [...state.retained.names].some((name) => !still.has(name) && state.store.find(name)?.entry === undefined);
}

function mayHave(state: SubscriptionState, { entry }: RecentRemoval): boolean {
  const { store, retained, demand } = state;
  const slot = store.find(entry.name);
  const isWanted = (demand.wildcard && entry.wildcard) || (slot !== undefined && demand.isNamed(slot));
  if (!isWanted) return false;
  return retained.names.has(entry.name) || retained.mayHaveAny || isKnownToHave(state, entry.name);
}

function isKnownToHave({ store, states, demand }: SubscriptionState, name: string): boolean {
  const slot = store.find(name);
  if (slot === undefined) return false;
  const { logged } = slot;
  if (logged === undefined || !demand.isLogged(slot)) {
    const known = states.word(slot.id) & stampMask;
    return known !== nothing && known !== absent;
  }
  // Until its removal is announced it stands where it was; then the tombstone is ahead.
  return demand.cursor?.mayHave(logged) === true && (logged.isLive || !demand.cursor.hasPassed(slot));
}
