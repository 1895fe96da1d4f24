import type { EndpointSet, Frontend } from '../xds/service-view.ts';
import type { PolicyName } from './balance-chains.ts';
import { cidrMatcher, withoutContained } from './cidr-matcher.ts';
import { type FrontendEntry, type FrontendValues, isForEnvoy } from './frontend-elements.ts';

/** Addresses of the node, of one family. */
export interface NodeAddresses {
  /** The node's main address; undefined: it has none of the family. */
  readonly primary: string | undefined;
  /** Those at which node ports can be reached. */
  readonly nodePorts: readonly string[];
}

export const noAddresses: NodeAddresses = { primary: undefined, nodePorts: [] };

/** The frontends at their addresses: a node port is one at each address of the node. */
export function addressed(frontends: readonly Frontend[], { nodePorts }: NodeAddresses): readonly Frontend[] {
  return frontends.flatMap((frontend) => {
    return frontend.kind === 'NodePort' ? nodePorts.map((address) => ({ ...frontend, address })) : [frontend];
  });
}

/** Frontends with the same Service port share the affinity of their clients. */
export function servicePortName(owner: string, { protocol, portName }: Frontend): string {
  return `${owner} ${protocol} ${portName}`;
}

/** An endpoint set that a frontend refers to, with the policy that it has there. */
export interface UsedSet {
  readonly policy: PolicyName;
  readonly set: EndpointSet;
}

/** Those with endpoints. Short-circuited connections use the set of policy Cluster. */
export function usedSets({ trafficPolicy, endpointSet, shortCircuitSet }: Frontend): readonly UsedSet[] {
  const own: UsedSet = { policy: trafficPolicy === 'Local' ? 'local' : 'cluster', set: endpointSet };
  const all: readonly UsedSet[] =
    shortCircuitSet === undefined ? [own] : [own, { policy: 'cluster', set: shortCircuitSet }];
  return all.filter(({ set }) => set.verdict === 'Forward');
}

/** What a frontend comes to, given the numbers of its endpoint sets. */
export function entryOf(
  frontend: Frontend,
  numbers: Partial<Record<PolicyName, string>>,
  affinityPort: string | undefined,
  allowed: readonly string[] | undefined,
): FrontendEntry {
  const { cluster, local } = numbers;
  const hasEndpoints = cluster !== undefined || local !== undefined;
  const unserved = refusalOf(frontend);
  const values: FrontendValues = {
    ...(hasEndpoints ? { services: `goto ${chainOf(frontend)}` } : {}),
    ...(cluster === undefined ? {} : { clusterSet: cluster }),
    ...(local === undefined ? {} : { localSet: local }),
    ...(unserved === undefined ? {} : { unserved }),
    ...(affinityPort === undefined || !hasEndpoints ? {} : { affinityPort }),
  };
  return { frontend, values, allowed };
}

function chainOf(frontend: Frontend): string {
  const { kind, trafficPolicy, failMode, shortCircuitSet } = frontend;
  if (kind === 'ClusterIP') {
    const policy = trafficPolicy === 'Local' ? 'local' : 'cluster';
    return failMode === 'Closed' && isForEnvoy(frontend) ? `closed-${policy}` : `internal-${policy}`;
  }
  if (trafficPolicy === 'Cluster') return 'external-cluster';
  return shortCircuitSet === undefined ? 'to-local' : 'external-local';
}

/** Of what was not balanced: with a short circuit, only connections from outside are left. */
function refusalOf({ endpointSet }: Frontend): string | undefined {
  if (endpointSet.verdict === 'Forward') return undefined;
  return endpointSet.verdict === 'Drop' ? 'drop' : 'goto refuse';
}

/**
 * Sources of a load balancer's address. When the node may use it, its addresses may as well: a packet to an address that the node
 * has itself comes from that address (kube-proxy, allowFromNode).
 * @param loadBalancers addresses of the Service's load balancer
 */
export function allowedSources(
  { sourceRanges }: Frontend,
  primary: string | undefined,
  loadBalancers: readonly string[],
): readonly string[] | undefined {
  if (sourceRanges.length === 0) return undefined;
  const includesNode = primary !== undefined && cidrMatcher(sourceRanges)(primary);
  const own = includesNode ? loadBalancers.map((address) => `${address}/${address.includes(':') ? 128 : 32}`) : [];
  return withoutContained([...sourceRanges, ...own]);
}
