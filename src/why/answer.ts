import type { Step } from '../nftables/interpreter/flight.ts';
import type { Client } from './question.ts';

/** What becomes of a new connection, and why. */
export interface Answer {
  readonly from: { readonly kind: Client['kind']; readonly name: string; readonly address: string };
  readonly to: { readonly address: string; readonly port: number; readonly protocol: string };
  /** Whose rules decided. */
  readonly node: string;
  /** Absent: no Service has the address and port. */
  readonly frontend?: FrontendAnswer;
  /** What the address is, in words. */
  readonly meaning: string;
  readonly path: PathAnswer;
  readonly verdict: VerdictAnswer;
  /** Those that the connection, or a request on it, may get to. */
  readonly endpoints: readonly EndpointAnswer[];
  readonly unused: readonly UnusedEndpoint[];
  /** Rules that decided, whichever endpoint is chosen. */
  readonly decisions: readonly Decision[];
  readonly envoy?: EnvoyAnswer;
}

export interface FrontendAnswer {
  readonly kind: string;
  readonly service: string;
  readonly portName: string;
  readonly trafficPolicy: string;
  readonly affinityTimeoutSeconds: number;
}

export interface PathAnswer {
  readonly kind: 'Envoy' | 'Kernel' | 'None';
  readonly reason: string;
  readonly text: string;
}

export interface VerdictAnswer {
  readonly kind: 'Envoy' | 'Endpoint' | 'Rejected' | 'Dropped' | 'Untouched';
  readonly text: string;
}

export interface EndpointAnswer {
  readonly address: string;
  readonly port: number;
  readonly node?: string;
  readonly zone?: string;
  /** Absent: Envoy chooses by its load. */
  readonly probability?: number;
  /** Whom the endpoint takes for the client. */
  readonly source: SourceAnswer;
  readonly decisions: readonly Decision[];
}

export type SourceAnswer =
  | { readonly kind: 'Client'; readonly address: string }
  /** The address of the interface through which the packet leaves the node. */
  | { readonly kind: 'Node'; readonly name: string };

export interface UnusedEndpoint {
  readonly address: string;
  readonly reason:
    | 'NotReady'
    | 'NotServing'
    | 'TerminatingWhileOthersAreReady'
    | 'OtherNode'
    | 'OtherNodeByHints'
    | 'OtherZoneByHints'
    | 'PortNotInSlice';
  readonly text: string;
}

export interface Decision extends Step {
  /** The chain's purpose in words. */
  readonly meaning: string;
}

export interface EnvoyAnswer {
  readonly listener: string;
  /** Absent for plain TCP. */
  readonly route?: string;
  readonly cluster: string;
  readonly loadBalancing: string;
}
