import type { ObjectRef } from './problem.ts';

/** Which endpoint a new connection or request goes to. */
export type LoadBalancingAlgorithm = 'LeastRequest' | 'RoundRobin' | 'Random' | 'RingHash' | 'Maglev';

/** Envoy's words of `x-envoy-retry-on` and `x-envoy-retry-grpc-on`. */
export type RetryCondition =
  | '5xx'
  | 'gateway-error'
  | 'reset'
  | 'connect-failure'
  | 'retriable-4xx'
  | 'refused-stream'
  | 'cancelled'
  | 'deadline-exceeded'
  | 'internal'
  | 'resource-exhausted'
  | 'unavailable';

export type DataPathChoice = 'Envoy' | 'Kernel';

/** By what a TCP port speaks; absent: nothing is said. */
export interface DataPathChoices {
  readonly http?: DataPathChoice;
  readonly tcp?: DataPathChoice;
}

/** What becomes of new connections to a port of Envoy's while Envoy is away: the kernel balances them, or they are refused. */
export type FailMode = 'Open' | 'Closed';

/** Every setting that a Service's owner can make, with the type of its value. Units are in the names. */
export interface SettingValues {
  /** Caps of one node's Envoy for one Service port (envoy.config.cluster.v3.CircuitBreakers.Thresholds). */
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
  readonly outlierDetection: boolean;
  /** Errors in a row until an endpoint is ejected. */
  readonly outlierConsecutiveErrors: number;
  readonly outlierIntervalMs: number;
  readonly outlierBaseEjectionTimeMs: number;
  /** 0 to 100: the part of the endpoints that may be ejected at one time. */
  readonly outlierMaxEjectionPercent: number;
  readonly connectTimeoutMs: number;
  /** Whole request, HTTP only; 0 is none. */
  readonly requestTimeoutMs: number;
  /** Idle HTTP stream; 0 is none. */
  readonly idleTimeoutMs: number;
  /** Retries after the first try; 0 switches them off. */
  readonly retries: number;
  /** Empty: only what never reached an endpoint. */
  readonly retryOn: readonly RetryCondition[];
  readonly perTryTimeoutMs: number;
  readonly loadBalancing: LoadBalancingAlgorithm;
  readonly dataPath: DataPathChoices;
  readonly failMode: FailMode;
  /** 0 to 100. */
  readonly tracingSamplingPercent: number;
}

export type SettingName = keyof SettingValues;

/** Where a setting was made. */
export interface SettingOrigin {
  readonly object: ObjectRef;
  /** Path in the object, as in problems. */
  readonly field: string;
}

export interface AskedSetting<T> {
  readonly value: T;
  readonly origin: SettingOrigin;
}

/** What a Service's owner asked for; see `effectivePolicy` for what holds. */
export type ServicePolicy = { readonly [K in SettingName]?: AskedSetting<SettingValues[K]> };
