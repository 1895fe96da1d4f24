import type { Model } from '../model/model.ts';
import type { ClusterLoadAssignment } from '../protos/generated/types/envoy/config/endpoint/v3/ClusterLoadAssignment.ts';
import type { LocalityLbEndpoints } from '../protos/generated/types/envoy/config/endpoint/v3/LocalityLbEndpoints.ts';
import type { ClientView, ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { socketAddress } from './common.ts';
import { type Candidate, candidatesOf, selectEndpoints, selectionScope } from './endpoint-selection.ts';
import type { Frontend } from './frontends.ts';

export function endpointEntry(frontend: Frontend, slices: ReturnType<Model['slicesOf']>): ResourceEntry {
  const { service, port, family, name } = frontend;
  const policy = service.internalTrafficPolicy;
  const build = (client: ClientView): ClusterLoadAssignment => {
    const { endpoints } = selectEndpoints(candidatesOf(slices, port, family), policy, client);
    return { clusterName: name, endpoints: localitiesOf(endpoints) };
  };
  const scope = selectionScope(slices, policy, port, family);
  return { typeUrl: typeUrls.endpoint, name, wildcard: false, scope, build };
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
