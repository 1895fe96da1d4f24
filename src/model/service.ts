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
  readonly internalTrafficPolicy: 'Cluster' | 'Local';
  readonly sessionAffinity: SessionAffinity;
  readonly policy: ServicePolicy;
}

export function refOfService({ namespace, name, uid, generation }: Service): ObjectRef {
  const identity = { ...(uid === undefined ? {} : { uid }), ...(generation === undefined ? {} : { generation }) };
  return { kind: 'Service', namespace, name, ...identity };
}
