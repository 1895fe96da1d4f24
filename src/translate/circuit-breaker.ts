import type { EffectivePolicy } from '../model/settings.ts';
import type { CircuitBreakers } from '../protos/generated/types/envoy/config/cluster/v3/CircuitBreakers.ts';
import { uint32Max } from './common.ts';

/** `track_remaining` shows how near a Service is to its caps. */
export function circuitBreakersOf(policy: EffectivePolicy): CircuitBreakers {
  return {
    thresholds: [
      {
        maxConnections: { value: policy.maxConnections.value ?? uint32Max },
        maxPendingRequests: { value: policy.maxPendingRequests.value ?? uint32Max },
        maxRequests: { value: policy.maxRequests.value ?? uint32Max },
        maxRetries: { value: policy.maxRetries.value ?? uint32Max },
        trackRemaining: true,
      },
    ],
  };
}
