// Which endpoints of a Service port a client may use: the Service contract as kube-proxy keeps it
// (Kubernetes 1.33 to 1.36, pkg/proxy/topology.go; KEP-1669, KEP-2433, KEP-3015, KEP-4444).
import type { EndpointSlice } from '../../model/endpoint.ts';
import type { IpFamily, ServicePort, TrafficPolicy } from '../../model/service.ts';
import type { KeySet } from '../../resources/key-set.ts';
import type { ClientView, Scope } from '../../resources/resource-entry.ts';
import { byAddress, type Candidate, servingOf, usableOf } from './candidates.ts';
import { changedCandidates, changedSlices, type SlicePart } from './differences.ts';
import { HintIndex } from './hint-index.ts';
import { indexOf, isHinted } from './slice-index.ts';

/**
 * What a traffic policy allows for new connections, or all that are serving, in the cluster or on the client's node: those
 * to which existing connections may continue.
 */
export type SelectionPolicy = TrafficPolicy | 'Serving' | 'LocalServing';

/**
 * What happens to a new connection. `Reject`: there is no usable endpoint anywhere. `Drop`: there is, but the traffic
 * policy is Local and none is on the client's node.
 */
export type Verdict = 'Forward' | 'Reject' | 'Drop';

export interface Selection {
  readonly verdict: Verdict;
  /** In order of address and port; empty unless the verdict is Forward. */
  readonly endpoints: readonly Candidate[];
}

const noKeys: KeySet = new Set<string>();

/**
 * The endpoints of a Service port in one address family, matched by port name and protocol. The sets for clients of
 * the whole cluster and of one node fall back to terminating endpoints each by itself (Service contract §1.5).
 */
export function endpointsOf(slices: readonly EndpointSlice[], port: ServicePort, family: IpFamily): PortEndpoints {
  const parts: SlicePart[] = [];
  for (const slice of slices) {
    const target = slice.family === family ? targetPort(slice, port) : undefined;
    if (target !== undefined) parts.push({ slice, port: target });
  }
  return new PortEndpoints(parts);
}

/** The endpoints of a Service's ports in either family. */
export type EndpointsOfPort = (port: ServicePort, family: IpFamily) => PortEndpoints;

/** Computed once for each port and family, for all resources that are made of them. */
export function endpointsByPort(slices: readonly EndpointSlice[]): EndpointsOfPort {
  const known = { IPv4: new Map<ServicePort, PortEndpoints>(), IPv6: new Map<ServicePort, PortEndpoints>() };
  return (port, family) => {
    const endpoints = known[family].get(port) ?? endpointsOf(slices, port, family);
    known[family].set(port, endpoints);
    return endpoints;
  };
}

function targetPort(slice: EndpointSlice, port: ServicePort): number | undefined {
  return slice.ports.find((known) => known.name === port.name && known.protocol === port.protocol)?.port;
}

export class PortEndpoints {
  readonly #parts: readonly SlicePart[];
  readonly #hasHints: boolean;
  #hints: HintIndex | undefined;

  constructor(parts: readonly SlicePart[]) {
    this.#parts = parts;
    const [first] = parts;
    this.#hasHints =
      parts.length === 1 && first !== undefined
        ? first.slice.endpoints.some(isHinted)
        : parts.some(({ slice }) => indexOf(slice).hasHints);
  }

  /** Whether there is a usable endpoint anywhere. */
  get isUsable(): boolean {
    return this.#parts.some(({ slice }) => indexOf(slice).isUsable);
  }

  select(policy: SelectionPolicy, client: ClientView): Selection {
    const endpoints = this.#endpoints(policy, client);
    if (endpoints.length > 0) return { verdict: 'Forward', endpoints };
    return { verdict: isLocal(policy) && this.isUsable ? 'Drop' : 'Reject', endpoints };
  }

  #endpoints(policy: SelectionPolicy, client: ClientView): readonly Candidate[] {
    switch (policy) {
      case 'Cluster':
        return this.clusterWide(client);
      case 'Local':
        return this.local(client.nodeName);
      case 'Serving':
        return servingOf(this.#candidates());
      case 'LocalServing':
        return servingOf(this.#candidatesAt(client.nodeName));
    }
  }

  /** Those of the whole cluster, nearest to the client where hints say so. */
  clusterWide(client: ClientView): readonly Candidate[] {
    return this.#hasHints ? this.#hintIndex().nearest(client) : this.#everywhere();
  }

  /** Those on a node. */
  local(nodeName: string): readonly Candidate[] {
    return usableOf(this.#candidatesAt(nodeName));
  }

  /** Who gets the same selection: all clients, those of a zone, or those of a node. */
  scope(policy: SelectionPolicy): Scope {
    if (policy === 'Local') return this.isUsable ? 'node' : 'fleet';
    if (policy === 'LocalServing') return this.isUsable || this.#isServing ? 'node' : 'fleet';
    if (policy === 'Serving') return 'fleet';
    return this.#hasHints ? this.#hintIndex().scope : 'fleet';
  }

  /**
   * Where both are of the given scope, or of a wider one: whose selections may differ from those before. Undefined:
   * anybody's.
   */
  changedKeys(policy: SelectionPolicy, scope: Scope, previous: PortEndpoints): KeySet | undefined {
    const changed = changedCandidates(changedSlices(previous.#parts, this.#parts));
    if (changed.length === 0) return noKeys;
    if (this.scope(policy) !== scope || previous.scope(policy) !== scope) return undefined;
    // What nodes without endpoints do depends on it.
    if (isLocal(policy) && this.isUsable !== previous.isUsable) return undefined;
    if (isLocal(policy)) return new Set(changed.flatMap(({ endpoint }) => endpoint.nodeName ?? []));
    return this.#hasHints && previous.#hasHints ? this.#hintIndex().changedKeys(previous.#hintIndex()) : undefined;
  }

  /** Not kept: where no hints count all clients get the same, which is built but once. */
  #everywhere(): readonly Candidate[] {
    return usableOf(this.#candidates());
  }

  get #isServing(): boolean {
    return this.#parts.some(({ slice }) => slice.endpoints.some(({ serving }) => serving));
  }

  /** Those on a node, in order of address. */
  #candidatesAt(nodeName: string): readonly Candidate[] {
    const candidates = this.#parts.flatMap(({ slice, port }) => {
      return indexOf(slice)
        .at(nodeName)
        .map((endpoint) => ({ endpoint, port }));
    });
    return candidates.sort(byAddress);
  }

  /** In order of address. */
  #candidates(): readonly Candidate[] {
    const candidates = this.#parts.flatMap(({ slice, port }) => {
      const endpoints = this.#parts.length === 1 ? slice.endpoints : indexOf(slice).sorted;
      return endpoints.map((endpoint) => ({ endpoint, port }));
    });
    return candidates.sort(byAddress);
  }

  #hintIndex(): HintIndex {
    this.#hints ??= new HintIndex(this.#everywhere());
    return this.#hints;
  }
}

function isLocal(policy: SelectionPolicy): boolean {
  return policy === 'Local' || policy === 'LocalServing';
}
