// Which endpoints of a Service port a client may use: the Service contract as kube-proxy keeps it
// (Kubernetes 1.33 to 1.36, pkg/proxy/topology.go; KEP-1669, KEP-2433, KEP-3015, KEP-4444).
import type { Endpoint, EndpointSlice } from '../model/endpoint.ts';
import type { IpFamily, Service, ServicePort } from '../model/service.ts';
import type { ClientView, Scope } from '../resources/resource-entry.ts';

/** An endpoint of one Service port. */
export interface Candidate {
  readonly endpoint: Endpoint;
  readonly port: number;
}

/**
 * What becomes of a new connection. `Reject`: there is no usable endpoint anywhere. `Drop`: there is, but the traffic
 * policy is Local and none is on the client's node.
 */
export type Verdict = 'Forward' | 'Reject' | 'Drop';

export interface Selection {
  readonly verdict: Verdict;
  /** In order of address and port; empty unless the verdict is Forward. */
  readonly endpoints: readonly Candidate[];
}

/**
 * The endpoints of a Service port in one address family, usable or not: matched by port name and protocol, one for
 * each address and port. Where slices disagree about one, the ready entry counts (kube-proxy 1.36 prefers the one that
 * is not terminating: an address may be reused while the old pod is still listed).
 */
export function candidatesOf(
  slices: readonly EndpointSlice[],
  port: ServicePort,
  family: IpFamily,
): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const slice of slices) {
    const target = slice.family === family ? targetPort(slice, port) : undefined;
    if (target === undefined) continue;
    for (const endpoint of slice.endpoints) found.push({ endpoint, port: target });
  }
  return found.sort(byAddress);
}

function targetPort(slice: EndpointSlice, port: ServicePort): number | undefined {
  return slice.ports.find((known) => known.name === port.name && known.protocol === port.protocol)?.port;
}

function byAddress(a: Candidate, b: Candidate): number {
  return (
    compare(a.endpoint.address, b.endpoint.address) ||
    a.port - b.port ||
    usability(a.endpoint) - usability(b.endpoint) ||
    compare(a.endpoint.nodeName ?? '', b.endpoint.nodeName ?? '') ||
    compare(a.endpoint.zone ?? '', b.endpoint.zone ?? '') ||
    compare(hintsOf(a.endpoint), hintsOf(b.endpoint))
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function hintsOf(endpoint: Endpoint): string {
  return `${endpoint.hintNodes.join()} ${endpoint.hintZones.join()}`;
}

function usability(endpoint: Endpoint): number {
  if (endpoint.ready) return 0;
  return isFallback(endpoint) ? 1 : 2;
}

/** Serving while terminating: used only where nothing is ready (KEP-1669). */
function isFallback(endpoint: Endpoint): boolean {
  return endpoint.serving && endpoint.terminating;
}

/** Keeps the first of those with one address and port; they are neighbours. */
function distinct(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter((candidate, index) => {
    const before = candidates[index - 1];
    return before?.port !== candidate.port || before.endpoint.address !== candidate.endpoint.address;
  });
}

/** The ready ones, else those that still serve while terminating. */
function usable(candidates: readonly Candidate[]): readonly Candidate[] {
  const one = distinct(candidates);
  const ready = one.filter(({ endpoint }) => endpoint.ready);
  return ready.length > 0 ? ready : one.filter(({ endpoint }) => isFallback(endpoint));
}

/** What a client on `client`'s node gets of a Service's ClusterIP. */
export function selectEndpoints(
  candidates: readonly Candidate[],
  policy: Service['internalTrafficPolicy'],
  client: ClientView,
): Selection {
  const everywhere = usable(candidates);
  if (everywhere.length === 0) return { verdict: 'Reject', endpoints: [] };
  if (policy === 'Cluster') return { verdict: 'Forward', endpoints: nearest(everywhere, client) };
  const local = usable(candidates.filter(({ endpoint }) => endpoint.nodeName === client.nodeName));
  return local.length > 0 ? { verdict: 'Forward', endpoints: local } : { verdict: 'Drop', endpoints: [] };
}

/** Hints count only when every ready endpoint has them and one names the client's node, else zone. */
function nearest(candidates: readonly Candidate[], client: ClientView): readonly Candidate[] {
  const hints = hintKinds(candidates);
  if (hints.node) {
    const here = candidates.filter(({ endpoint }) => endpoint.hintNodes.includes(client.nodeName));
    if (here.length > 0) return here;
  }
  if (!hints.zone || client.zone === '') return candidates;
  const near = candidates.filter(({ endpoint }) => endpoint.hintZones.includes(client.zone));
  return near.length > 0 ? near : candidates;
}

interface HintKinds {
  readonly node: boolean;
  readonly zone: boolean;
}

/** Terminating endpoints are used without regard to topology. */
function hintKinds(candidates: readonly Candidate[]): HintKinds {
  return {
    node: candidates.every(({ endpoint }) => endpoint.ready && endpoint.hintNodes.length > 0),
    zone: candidates.every(({ endpoint }) => endpoint.ready && endpoint.hintZones.length > 0),
  };
}

/** How far one selection serves: all clients, those of a zone, or those of a node. */
export function selectionScope(
  slices: readonly EndpointSlice[],
  policy: Service['internalTrafficPolicy'],
  port: ServicePort,
  family: IpFamily,
): Scope {
  if (policy === 'Cluster' && !slices.some(hasHints)) return 'fleet';
  const everywhere = usable(candidatesOf(slices, port, family));
  if (everywhere.length === 0) return 'fleet';
  if (policy === 'Local') return 'node';
  const hints = hintKinds(everywhere);
  if (hints.node) return 'node';
  return hints.zone ? 'zone' : 'fleet';
}

function hasHints(slice: EndpointSlice): boolean {
  return slice.endpoints.some(({ hintNodes, hintZones }) => hintNodes.length > 0 || hintZones.length > 0);
}

/** The narrower of two. */
export function narrower(a: Scope, b: Scope): Scope {
  if (a === 'node' || b === 'node') return 'node';
  return a === 'zone' || b === 'zone' ? 'zone' : 'fleet';
}
