import type { TypeStore } from '../cache/type-store.ts';
import type { DeadNames } from './dead-names.ts';
import type { Demand } from './demand.ts';
import type { RejectionSearch } from './rejection-search.ts';
import type { ResourceStates } from './resource-states.ts';
import type { Retained } from './retained.ts';

/** What the parts of a subscription share. */
export interface SubscriptionState {
  readonly store: TypeStore;
  readonly demand: Demand;
  readonly states: ResourceStates;
  readonly search: RejectionSearch;
  readonly retained: Retained;
  /** Absent where a client cannot be told that a name does not exist: it lists such names again and again. */
  readonly dead: DeadNames | undefined;
}
