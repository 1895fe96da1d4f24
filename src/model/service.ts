import type { ServicePolicy } from './policy.ts';
import type { ObjectRef } from './problem.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';
export type IpFamily = 'IPv4' | 'IPv6';

/** What speaks on a port. `tcp` is everything that did not say otherwise; nothing is sniffed. */
export type AppProtocol = 'tcp' | 'http' | 'http2' | 'grpc' | 'websocket';

export type SessionAffinity =
  | { readonly kind: 'None' }
  /** timeoutSeconds: 1 to 86400, Kubernetes' default is 10800. */
  | { readonly kind: 'ClientIP'; readonly timeoutSeconds: number };

export interface ServicePort {
  /** Empty for the only port of a Service without port names. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly appProtocol: AppProtocol;
  /** Absent: the port has none. */
  readonly nodePort?: number;
}

export type TrafficPolicy = 'Cluster' | 'Local';

/** An address that a load balancer has for a Service (status.loadBalancer.ingress). */
export interface LoadBalancerAddress {
  /** Canonical text. */
  readonly address: string;
  /** Proxy: the load balancer must see the traffic, so that nodes leave the address alone (KEP-1860). */
  readonly ipMode: 'VIP' | 'Proxy';
}

/** How clients outside of the cluster reach a Service. */
export interface ExternalAccess {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  /** Canonical text. */
  readonly externalIPs: readonly string[];
  readonly loadBalancer: readonly LoadBalancerAddress[];
  readonly trafficPolicy: TrafficPolicy;
  /** CIDRs in canonical text without host bits, the only ones that may use the load balancer's addresses; empty: all. */
  readonly sourceRanges: readonly string[];
  /** Absent: the Service has none. */
  readonly healthCheckNodePort?: number;
  /** Kubernetes gives the ports of a LoadBalancer Service node ports unless this is false. */
  readonly allocatesNodePorts: boolean;
}

/** A Service that has cluster IPs. Headless and ExternalName Services never become one (Service contract §1.1). */
export interface Service {
  readonly namespace: string;
  readonly name: string;
  /** Of the object, for conditions and Events about it. */
  readonly uid?: string;
  readonly generation?: number;
  /** RFC 3339; the older Service keeps a cluster IP that two of them claim. Empty when unknown. */
  readonly createdAt: string;
  /** Canonical text (RFC 5952 for IPv6), at most one of each family. */
  readonly clusterIPs: readonly string[];
  /** No two of one protocol have one number, nor one name: the converter leaves the later one out. */
  readonly ports: readonly ServicePort[];
  readonly internalTrafficPolicy: TrafficPolicy;
  readonly sessionAffinity: SessionAffinity;
  /** Absent: the Service is for clients within the cluster only, as most are. */
  readonly external?: ExternalAccess;
  readonly policy: ServicePolicy;
}

export function refOfService({ namespace, name, uid, generation }: Service): ObjectRef {
  const identity = { ...(uid === undefined ? {} : { uid }), ...(generation === undefined ? {} : { generation }) };
  return { kind: 'Service', namespace, name, ...identity };
}
