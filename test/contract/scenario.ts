import type { Protocol } from './host/protocol.ts';
import type { Family, HostName, NodeName } from './lab/plan.ts';

/** One rule of the Service contract: objects, and what clients see of them on whatever proxy runs. */
export interface Scenario {
  readonly name: string;
  readonly services: Readonly<Record<string, ServiceSpec>>;
  /** Alternating changes and what clients see afterwards; the first step may change nothing. */
  readonly steps: readonly Step[];
  /** Changes a node or its proxy: nothing else may run meanwhile. */
  readonly exclusive?: true;
}

export interface Step {
  readonly changes?: readonly Change[];
  /** One after the other, each in both families. */
  readonly probes: readonly Probe[];
}

export interface ServiceSpec {
  readonly labels?: Readonly<Record<string, string>>;
  /** Fields of the Service's spec beside those that are given by default (two families, the ports of `defaultPorts`). */
  readonly spec?: object;
  /** Gives it an address of a load balancer, of this `ipMode`. `Proxy`: the address is ext2's. */
  readonly loadBalancer?: 'VIP' | 'Proxy';
  readonly externalIps?: true;
  readonly endpoints?: readonly EndpointSpec[];
  /** Further EndpointSlices. */
  readonly slices?: readonly SliceSpec[];
}

export interface EndpointSpec {
  readonly host: HostName;
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
  /** Default: the host's node. `None`: without. */
  readonly nodeName?: string;
  readonly hints?: { readonly forZones?: readonly string[]; readonly forNodes?: readonly string[] };
  /** Addresses behind the first. */
  readonly moreAddresses?: readonly HostName[];
}

export interface SliceSpec {
  readonly endpoints: readonly EndpointSpec[];
  readonly ports?: readonly SlicePort[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Whether the slice names its Service; default yes. */
  readonly isLabelled?: boolean;
}

export interface SlicePort {
  readonly name: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
}

export type Change =
  | {
      readonly kind: 'SetEndpoints';
      readonly service: string;
      readonly endpoints: readonly EndpointSpec[];
      readonly ports?: readonly SlicePort[];
    }
  /** A JSON merge patch of the Service. */
  | { readonly kind: 'Patch'; readonly service: string; readonly patch: object }
  | { readonly kind: 'Delete'; readonly service: string }
  | { readonly kind: 'Create'; readonly service: string; readonly spec: ServiceSpec }
  | { readonly kind: 'PatchNode'; readonly node: NodeName; readonly patch: object }
  /** `flags`: instead of the usual ones for the same thing; kube-proxy's names. */
  | { readonly kind: 'RestartProxy'; readonly node: NodeName; readonly flags?: readonly string[] }
  | { readonly kind: 'StopProxy'; readonly node: NodeName };

/** `isFormer`: the address that the Service had before it was last patched. */
export type Target =
  | { readonly kind: 'ClusterIP'; readonly service: string; readonly port?: number; readonly isFormer?: true }
  | { readonly kind: 'NodePort'; readonly service: string; readonly node: NodeName; readonly isFormer?: true }
  /** The node port on the address by which a node reaches its pods; IPv4. */
  | { readonly kind: 'LinkNodePort'; readonly service: string }
  | { readonly kind: 'LoadBalancer'; readonly service: string }
  | { readonly kind: 'ExternalIP'; readonly service: string }
  /** An address of the Service CIDR that no Service has. */
  | { readonly kind: 'Unallocated' }
  /** The node port on loopback. */
  | { readonly kind: 'Localhost'; readonly service: string }
  /** Another host itself, without any Service. */
  | { readonly kind: 'Host'; readonly host: HostName };

/** Whom the endpoint takes for the client: the client's own address, or one of a node's. */
export type Seen = 'client' | NodeName | 'anything';

export type Expectation =
  /** By each of these and by no other. */
  | { readonly kind: 'Answered'; readonly by: readonly string[]; readonly seenAs: Seen }
  /** Every connection by the same one of these; of one `group` (and family) in all probes of the scenario. */
  | { readonly kind: 'Sticky'; readonly by: readonly string[]; readonly group?: string }
  /** Not always by the same one of these. */
  | { readonly kind: 'Changing'; readonly by: readonly string[] }
  | { readonly kind: 'Refused' }
  | { readonly kind: 'TimedOut' }
  | { readonly kind: 'NotAnswered' };

export type Probe = ConnectProbe | OpenProbe | SendProbe | FetchProbe | SysctlProbe;

interface ConnectProbe {
  readonly kind: 'Connect';
  readonly from: HostName;
  readonly to: Target;
  readonly protocols: readonly Protocol[];
  readonly expect: Expectation;
  readonly families?: readonly Family[];
  /** It may take a moment after the rules are in the kernel. */
  readonly isEventual?: true;
  /** Between two connections. */
  readonly pauseMs?: number;
}

/** Opens a flow that lasts over changes. */
interface OpenProbe {
  readonly kind: 'Open';
  readonly session: string;
  readonly from: HostName;
  readonly to: Target;
  readonly protocol: Protocol;
}

interface SendProbe {
  readonly kind: 'Send';
  readonly session: string;
  readonly from: HostName;
  readonly expect: Expectation;
  readonly isEventual?: true;
}

/** A request to a node itself. */
interface FetchProbe {
  readonly kind: 'Fetch';
  readonly from: HostName;
  readonly at: FetchTarget;
  readonly path: string;
  readonly expect: FetchExpectation;
}

export type FetchTarget =
  | {
      readonly kind: 'HealthCheckNodePort';
      readonly service: string;
      readonly node: NodeName;
      readonly isFormer?: true;
    }
  | { readonly kind: 'NodeAddress'; readonly node: NodeName; readonly port: number }
  | { readonly kind: 'Loopback'; readonly port: number };

/** `Unreachable`: no connection. Fields that are absent are not looked at; all of `headers` and `includes` must be there. */
export type FetchExpectation =
  | { readonly kind: 'Unreachable' }
  | {
      readonly kind: 'Answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** The whole body; `NAMESPACE` and `SERVICE` stand for the Service's. */
      readonly body?: string;
      readonly includes?: readonly string[];
    };

interface SysctlProbe {
  readonly kind: 'Sysctl';
  readonly node: NodeName;
  readonly key: string;
  readonly value: string;
}

/** A part of the contract. */
export interface Section {
  readonly title: string;
  readonly scenarios: readonly Scenario[];
}
