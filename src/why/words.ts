import type { FrontendKind } from '../agent/xds/service-view.ts';
import type { KnownFrontend } from './node-state.ts';

/** Why a path was taken, by the reason that the controller gives, or by what the client or Envoy is. */
export const pathReasons = {
  NOT_SAID: 'no reason was given',
  SERVICE_SETTING: 'an annotation of the Service says so',
  NAMESPACE_SETTING: 'an annotation of the namespace says so',
  CLUSTER_SETTING: "the cluster's setting for this kind of traffic says so",
  PROTOCOL: 'Envoy carries TCP only',
  DNS: 'DNS stays in the kernel',
  SESSION_AFFINITY: 'sessionAffinity ClientIP is kept by the kernel',
  API_SERVER: 'the control plane itself reaches the API server through this Service',
  ADDRESS_KIND: 'only cluster IPs go through Envoy',
  NETWORK_POLICY: 'a NetworkPolicy selects an endpoint on this node for ingress',
  NotAPod: "only connections of the node's pods go through Envoy",
  EgressPolicy: 'a NetworkPolicy selects the client for egress',
  NoEndpoints: 'Envoy takes no connection for which there is no endpoint',
  EnvoyAway: 'Envoy is away, and the kernel takes its place',
  EnvoyAwayClosed: "Envoy is away, and the Service's fail mode is Closed",
} as const satisfies Record<KnownFrontend['reason'] | string, string>;

export type PathReason = keyof typeof pathReasons;

export const kindNames = {
  ClusterIP: 'a cluster IP',
  LoadBalancer: "a load balancer's address",
  ExternalIP: 'an external IP',
  NodePort: 'a node port',
} as const satisfies Record<FrontendKind, string>;

/** By the beginning of a chain's name; the first that fits. */
const chains: readonly (readonly [string, string])[] = [
  ['divert', 'a new connection of a pod, to an address that Envoy takes'],
  ['envoy-', "the gate of Envoy's listener is open"],
  ['to-tcp', "handed to Envoy's listener for TCP"],
  ['to-http', "handed to Envoy's listener for HTTP"],
  ['services-', 'an address and port of a Service'],
  ['source-check', 'loadBalancerSourceRanges'],
  ['internal-', 'a cluster IP: masqueraded unless the client is a pod of this node'],
  ['closed-', 'a cluster IP with fail mode Closed'],
  ['external-cluster', 'from outside, all endpoints: masqueraded'],
  ['external-local', 'externalTrafficPolicy Local'],
  ['to-cluster', 'the endpoints of the cluster'],
  ['to-local', "this node's endpoints"],
  ['pick-', 'one of them, at random'],
  ['slot-', 'the endpoint'],
  ['source', "the source becomes the node's address"],
  ['filter-', 'not balanced'],
  ['refuse', 'refused'],
  ['find-', 'the endpoint that the client stays with, if any'],
  ['remember', 'the client stays with the endpoint'],
  ['restore-mark', "the packet's mark is cleared"],
];

export function chainMeaning(chain: string): string {
  return chains.find(([beginning]) => chain.startsWith(beginning))?.[1] ?? '';
}
