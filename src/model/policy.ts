/**
 * What a Service's owner asked for. Every field is optional: what is absent takes the default that
 * translate documents. Durations are milliseconds.
 */
export interface ServicePolicy {
  readonly circuitBreaker?: CircuitBreaker;
  readonly outlierDetection?: OutlierDetection;
  readonly loadBalancing?: LoadBalancingAlgorithm;
  readonly timeouts?: Timeouts;
  readonly retries?: Retries;
  readonly dataPath?: DataPathChoice;
  readonly tracing?: Tracing;
}

/** Caps of one node's Envoy for one Service port (envoy.config.cluster.v3.CircuitBreakers.Thresholds). */
export interface CircuitBreaker {
  readonly maxConnections?: number;
  readonly maxPendingRequests?: number;
  readonly maxRequests?: number;
  readonly maxRetries?: number;
}

/** envoy.config.cluster.v3.OutlierDetection. */
export interface OutlierDetection {
  readonly enabled?: boolean;
  /** Errors in a row (HTTP 5xx, connect failures, resets) until an endpoint is ejected. */
  readonly consecutiveErrors?: number;
  readonly intervalMs?: number;
  readonly baseEjectionTimeMs?: number;
  /** 0 to 100: the part of the endpoints that may be ejected at one time. */
  readonly maxEjectionPercent?: number;
}

export type LoadBalancingAlgorithm = 'LeastRequest' | 'RoundRobin' | 'Random' | 'RingHash' | 'Maglev';

export interface Timeouts {
  readonly connectMs?: number;
  /** Whole request, HTTP only; 0 is none. */
  readonly requestMs?: number;
  /** Idle TCP connection or HTTP stream; 0 is none. */
  readonly idleMs?: number;
}

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

export interface Retries {
  /** Retries after the first try; 0 switches them off. */
  readonly attempts: number;
  readonly on: readonly RetryCondition[];
  readonly perTryTimeoutMs?: number;
}

export type DataPathChoice = 'Envoy' | 'Kernel';

export interface Tracing {
  /** 0 to 100. */
  readonly samplingPercent: number;
}
