import type { EffectivePolicy } from '../model/settings.ts';
import type {
  CircuitBreakers,
  CircuitBreakers_Thresholds as Thresholds,
} from '../protos/generated/types/envoy/config/cluster/v3/CircuitBreakers.ts';
import { uint32Max } from './common.ts';

const retryBudget = {
  /** Of the requests in flight, retries included: an outage is met with a quarter more load at most, not with a multiple. */
  percent: 20,
  /** At one time, however few requests there are: Envoy's default. */
  leastConcurrent: 3,
  /**
   * The same where only what never reached an endpoint is tried again, which adds no load to one: a burst onto an endpoint that
   * has just gone must find the others.
   */
  leastConcurrentUnreached: 100,
} as const;

/**
 * Only retries are capped unless a cap was set. `track_remaining` shows how near a Service is to its caps.
 */
export function circuitBreakersOf(policy: EffectivePolicy): CircuitBreakers {
  return {
    thresholds: [
      {
        maxConnections: { value: policy.maxConnections.value ?? uint32Max },
        maxPendingRequests: { value: policy.maxPendingRequests.value ?? uint32Max },
        maxRequests: { value: policy.maxRequests.value ?? uint32Max },
        ...retryCapOf(policy),
        trackRemaining: true,
      },
    ],
  };
}

/** A number that was set replaces the budget, which Envoy would otherwise prefer. */
function retryCapOf({ maxRetries, retryOn }: EffectivePolicy): Pick<Thresholds, 'maxRetries' | 'retryBudget'> {
  if (maxRetries.value !== undefined) return { maxRetries: { value: maxRetries.value } };
  const { percent, leastConcurrent, leastConcurrentUnreached } = retryBudget;
  const least = retryOn.value.length === 0 ? leastConcurrentUnreached : leastConcurrent;
  return { retryBudget: { budgetPercent: { value: percent }, minRetryConcurrency: { value: least } } };
}
