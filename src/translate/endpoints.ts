import type { EndpointSlice } from '../model/endpoint.ts';
import type { LocalityLbEndpoints } from '../protos/generated/types/envoy/config/endpoint/v3/LocalityLbEndpoints.ts';
import type { ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import type { Backend } from './backend.ts';
import { socketAddress } from './common.ts';
import type { Candidate } from './endpoint-selection/candidates.ts';
import { EndpointsEntry, type EndpointsPlan } from './endpoint-selection/endpoints-entry.ts';
import type { EndpointsOfPort, PortEndpoints } from './endpoint-selection/port-endpoints.ts';

export function endpointEntry(
  backend: Backend,
  slices: readonly EndpointSlice[],
  endpointsOf: EndpointsOfPort,
): ResourceEntry {
  const plan = (of: EndpointsOfPort) => planOf(backend, of(backend.port, backend.family));
  return new EndpointsEntry({
    typeUrl: typeUrls.endpoint,
    name: backend.name,
    wildcard: false,
    slices,
    endpointsOf,
    plan,
  });
}

function planOf({ service, name }: Backend, endpoints: PortEndpoints): EndpointsPlan {
  return {
    selected: [{ endpoints, policy: service.internalTrafficPolicy }],
    basis: [],
    message: ([selection]) => ({ clusterName: name, endpoints: localitiesOf(selection?.endpoints ?? []) }),
  };
}

/**
 * One locality for each zone, in order of name, weighing as much as it has endpoints: so that all endpoints are equal
 * also to clients that choose the locality first (gRPC, which skips localities without a weight).
 */
export function localitiesOf(endpoints: readonly Candidate[], priority = 0): LocalityLbEndpoints[] {
  const zones = new Map<string, Candidate[]>();
  for (const candidate of endpoints) {
    const zone = candidate.endpoint.zone ?? '';
    const members = zones.get(zone);
    if (members === undefined) zones.set(zone, [candidate]);
    else members.push(candidate);
  }
  const names = [...zones.keys()].sort();
  return names.map((zone) => localityOf(zone, zones.get(zone) ?? [], priority));
}

function localityOf(zone: string, members: readonly Candidate[], priority: number): LocalityLbEndpoints {
  return {
    locality: { zone },
    lbEndpoints: members.map(({ endpoint, port }) => ({
      endpoint: { address: socketAddress(endpoint.address, port) },
    })),
    loadBalancingWeight: { value: members.length },
    ...(priority === 0 ? {} : { priority }),
  };
}
