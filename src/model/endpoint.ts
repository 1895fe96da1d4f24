import type { IpFamily, Protocol } from './service.ts';

/** One endpoint of a slice, with the conditions' defaults applied (Service contract §1.2). */
export interface Endpoint {
  /** Canonical text. */
  readonly address: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly hintZones: readonly string[];
  readonly hintNodes: readonly string[];
}

export interface EndpointPort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

export interface EndpointSlice {
  readonly namespace: string;
  readonly name: string;
  readonly serviceName: string;
  readonly family: IpFamily;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
  /** When what last changed the endpoints happened, milliseconds since 1970 (last-change-trigger-time); absent: unknown. */
  readonly changedMs?: number;
}
