import type { LoadBalancingAlgorithm } from '../model/policy.ts';
import type { EffectivePolicy } from '../model/settings.ts';
import type { Cluster } from '../protos/generated/types/envoy/config/cluster/v3/Cluster.ts';
import type { RouteAction } from '../protos/generated/types/envoy/config/route/v3/RouteAction.ts';

const lbPolicies = {
  LeastRequest: 'LEAST_REQUEST',
  RoundRobin: 'ROUND_ROBIN',
  Random: 'RANDOM',
  RingHash: 'RING_HASH',
  Maglev: 'MAGLEV',
} as const satisfies Record<LoadBalancingAlgorithm, Cluster['lbPolicy']>;

export function lbPolicyOf({ loadBalancing }: EffectivePolicy): NonNullable<Cluster['lbPolicy']> {
  return lbPolicies[loadBalancing.value];
}

/** What the hashing algorithms hash: the client's address. The `tcp` listener does the same for all Services. */
export function hashPolicyOf({ loadBalancing: { value } }: EffectivePolicy): Pick<RouteAction, 'hashPolicy'> {
  const hashes = value === 'RingHash' || value === 'Maglev';
  return hashes ? { hashPolicy: [{ connectionProperties: { sourceIp: true } }] } : {};
}
