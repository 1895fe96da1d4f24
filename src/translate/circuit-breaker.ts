import type { CircuitBreaker } from '../model/policy.ts';
import type { CircuitBreakers } from '../protos/generated/types/envoy/config/cluster/v3/CircuitBreakers.ts';
import { uint32Max } from './common.ts';

/**
 * Without a policy there is no cap: Envoy's own defaults (1024 connections and requests, 3 retries) would fail the
 * traffic of a busy node that the kernel carried. `track_remaining` shows how near a Service is to its caps.
 */
export function circuitBreakersOf(policy: CircuitBreaker | undefined): CircuitBreakers {
  return {
    thresholds: [
      {
        maxConnections: { value: policy?.maxConnections ?? uint32Max },
        maxPendingRequests: { value: policy?.maxPendingRequests ?? uint32Max },
        maxRequests: { value: policy?.maxRequests ?? uint32Max },
        maxRetries: { value: policy?.maxRetries ?? uint32Max },
        trackRemaining: true,
      },
    ],
  };
}
