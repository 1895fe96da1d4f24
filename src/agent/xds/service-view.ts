import type { IpFamily, Protocol } from '../../model/service.ts';

/** A Service as this node sees it: the checked form of fairlead.node.v1.ServiceView, which describes the fields. */
export interface ServiceView {
  /** `namespace/name`. */
  readonly key: string;
  readonly frontends: readonly Frontend[];
  /** Undefined: there is no health-check node port. */
  readonly healthCheck: HealthCheck | undefined;
  /** When the newest change of the endpoints was caused, milliseconds since 1970; 0: unknown. */
  readonly endpointsChangedMs: number;
}

export interface HealthCheck {
  readonly port: number;
  /** Distinct addresses of ready endpoints on this node, by family. */
  readonly readyLocal: Readonly<Record<IpFamily, number>>;
}

export type DataPath = 'Kernel' | 'EnvoyTcp' | 'EnvoyHttp';
export type Verdict = 'Forward' | 'Reject' | 'Drop';
export type FrontendKind = 'ClusterIP' | 'LoadBalancer' | 'ExternalIP' | 'NodePort';
export type FailMode = 'Open' | 'Closed';
export type TrafficPolicy = 'Cluster' | 'Local';

export interface EndpointSet {
  readonly family: IpFamily;
  readonly verdict: Verdict;
  /** Empty unless the verdict is Forward. */
  readonly endpoints: readonly EndpointAddress[];
}

/** Frontends of one view that use the same endpoint set refer to the same object. */
export interface Frontend {
  readonly kind: FrontendKind;
  readonly family: IpFamily;
  /** Canonical text; empty for a NodePort. */
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly portName: string;
  readonly dataPath: DataPath;
  readonly failMode: FailMode;
  readonly trafficPolicy: TrafficPolicy;
  readonly endpointSet: EndpointSet;
  /** Undefined: all clients use endpointSet. */
  readonly shortCircuitSet: EndpointSet | undefined;
  /** Undefined: as endpointSet. */
  readonly servingSet: EndpointSet | undefined;
  /** 0: clients do not stay with an endpoint. */
  readonly affinityTimeoutSeconds: number;
  /** CIDRs of the address's family; empty: all. */
  readonly sourceRanges: readonly string[];
}

export interface EndpointAddress {
  readonly address: string;
  readonly port: number;
}
