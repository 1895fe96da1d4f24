import type { LoadBalancingAlgorithm } from '../model/policy.ts';
import type { Cluster } from '../protos/generated/types/envoy/config/cluster/v3/Cluster.ts';
import type { RouteAction } from '../protos/generated/types/envoy/config/route/v3/RouteAction.ts';

/**
 * The better of two random endpoints by requests (TCP: connections) in flight. With little load both have none and the
 * choice is uniformly random, as Kubernetes' own; with much, slow and busy endpoints get less.
 */
const defaultAlgorithm: LoadBalancingAlgorithm = 'LeastRequest';

const lbPolicies = {
  LeastRequest: 'LEAST_REQUEST',
  RoundRobin: 'ROUND_ROBIN',
  Random: 'RANDOM',
  RingHash: 'RING_HASH',
  Maglev: 'MAGLEV',
} as const satisfies Record<LoadBalancingAlgorithm, Cluster['lbPolicy']>;

export function lbPolicyOf(algorithm: LoadBalancingAlgorithm | undefined): NonNullable<Cluster['lbPolicy']> {
  return lbPolicies[algorithm ?? defaultAlgorithm];
}

/** What the hashing algorithms hash: the client's address. The `tcp` listener does the same for all Services. */
export function hashPolicyOf(algorithm: LoadBalancingAlgorithm | undefined): Pick<RouteAction, 'hashPolicy'> {
  const hashes = algorithm === 'RingHash' || algorithm === 'Maglev';
  return hashes ? { hashPolicy: [{ connectionProperties: { sourceIp: true } }] } : {};
}
