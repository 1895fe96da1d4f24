import type { LoadBalancingAlgorithm, Retries, RetryCondition, ServicePolicy } from '../model/policy.ts';
import { duration, listOf, oneOf, onOrOff, percentage, type ValueType, wholeNumber } from './annotation-values.ts';

export const annotationPrefix = 'fairlead.dev/';

/** A policy while it is being read: of `retries` one may say one thing without the other. */
export type PolicyDraft = Omit<ServicePolicy, 'retries'> & { readonly retries?: Partial<Retries> };

/** One setting. docs/annotations.md lists all of them; a test holds it to this table. */
export interface Annotation {
  /** After the prefix `fairlead.dev/`. */
  readonly key: string;
  /** Completes "is not ...". */
  readonly expected: string;
  /** What is used without it, as the documentation and messages say it. */
  readonly fallback: string;
  readonly about: string;
  /** The part of the policy that the text asks for; undefined when it is no such value. */
  readonly read: (text: string) => PolicyDraft | undefined;
}

type About = Pick<Annotation, 'fallback' | 'about'>;

function setting<T>(key: string, type: ValueType<T>, about: About, draft: (value: T) => PolicyDraft): Annotation {
  const read = (text: string): PolicyDraft | undefined => {
    const value = type.read(text);
    return value === undefined ? undefined : draft(value);
  };
  return { key, expected: type.expected, ...about, read };
}

const hour = 3_600_000;
/** Envoy's counters are uint32. */
const cap = wholeNumber(0, 4_294_967_295);
const algorithms: readonly LoadBalancingAlgorithm[] = ['LeastRequest', 'RoundRobin', 'Random', 'RingHash', 'Maglev'];
const retryConditions: readonly RetryCondition[] = [
  '5xx',
  'gateway-error',
  'reset',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
];

const circuitBreaker: readonly Annotation[] = [
  setting(
    'max-connections',
    cap,
    {
      fallback: 'no cap',
      about: "Connections of one node's Envoy to one Service port; a connection above it is refused.",
    },
    (maxConnections) => ({ circuitBreaker: { maxConnections } }),
  ),
  setting(
    'max-pending-requests',
    cap,
    { fallback: 'no cap', about: 'Requests that wait for a connection; one above it is answered 503.' },
    (maxPendingRequests) => ({ circuitBreaker: { maxPendingRequests } }),
  ),
  setting(
    'max-requests',
    cap,
    { fallback: 'no cap', about: 'Requests in flight; one above it is answered 503.' },
    (maxRequests) => ({ circuitBreaker: { maxRequests } }),
  ),
  setting(
    'max-retries',
    cap,
    { fallback: 'no cap', about: 'Retries in flight at one time; above it the answer stands as it is.' },
    (maxRetries) => ({ circuitBreaker: { maxRetries } }),
  ),
];

const outlierDetection: readonly Annotation[] = [
  setting(
    'outlier-detection',
    onOrOff,
    { fallback: 'enabled', about: 'Whether endpoints that fail are left out for a while.' },
    (enabled) => ({ outlierDetection: { enabled } }),
  ),
  setting(
    'outlier-consecutive-errors',
    wholeNumber(1, 4_294_967_295),
    {
      fallback: '5',
      about:
        'Errors in a row until an endpoint is ejected. Once it is set, every 5xx answer counts, not only 502 to 504.',
    },
    (consecutiveErrors) => ({ outlierDetection: { consecutiveErrors } }),
  ),
  setting(
    'outlier-interval',
    duration(1, 24 * hour),
    { fallback: '10s', about: 'How often ejected endpoints are looked at for their return.' },
    (intervalMs) => ({ outlierDetection: { intervalMs } }),
  ),
  setting(
    'outlier-base-ejection-time',
    duration(1, 24 * hour),
    { fallback: '30s', about: 'How long the first ejection lasts; each further one lasts that much longer.' },
    (baseEjectionTimeMs) => ({ outlierDetection: { baseEjectionTimeMs } }),
  ),
  setting(
    'outlier-max-ejection-percent',
    wholeNumber(0, 100),
    { fallback: '50', about: 'The part of the endpoints that may be ejected at one time.' },
    (maxEjectionPercent) => ({ outlierDetection: { maxEjectionPercent } }),
  ),
];

const timeouts: readonly Annotation[] = [
  setting(
    'connect-timeout',
    duration(1, hour),
    { fallback: '5s', about: 'Until a connection to an endpoint must stand.' },
    (connectMs) => ({ timeouts: { connectMs } }),
  ),
  setting(
    'request-timeout',
    duration(0, 24 * hour),
    { fallback: '0s', about: 'HTTP only: the whole request, retries included; `0s` is no limit.' },
    (requestMs) => ({ timeouts: { requestMs } }),
  ),
  setting(
    'idle-timeout',
    duration(0, 24 * hour),
    { fallback: '0s', about: "HTTP only: how long a request's stream may be silent; `0s` is no limit." },
    (idleMs) => ({ timeouts: { idleMs } }),
  ),
];

const retries: readonly Annotation[] = [
  setting(
    'retries',
    wholeNumber(0, 100),
    { fallback: '2', about: 'HTTP only: retries after the first try; `0` switches them off.' },
    (attempts) => ({ retries: { attempts } }),
  ),
  setting(
    'retry-on',
    listOf(retryConditions),
    {
      fallback: 'what never reached an endpoint',
      about: "HTTP only: what is tried again, in the terms of Envoy's `x-envoy-retry-on` and `x-envoy-retry-grpc-on`.",
    },
    (on) => ({ retries: { on } }),
  ),
  setting(
    'per-try-timeout',
    duration(1, 24 * hour),
    { fallback: 'none', about: 'HTTP only: until one try counts as failed and the next begins.' },
    (perTryTimeoutMs) => ({ retries: { perTryTimeoutMs } }),
  ),
];

const others: readonly Annotation[] = [
  setting(
    'load-balancing',
    oneOf(algorithms),
    {
      fallback: 'LeastRequest',
      about: "How an endpoint is chosen. `RingHash` and `Maglev` hash the client's address.",
    },
    (loadBalancing) => ({ loadBalancing }),
  ),
  setting(
    'data-path',
    oneOf(['Envoy', 'Kernel'] as const),
    { fallback: 'by kind of traffic', about: 'Which way connections to the cluster IP take.' },
    (dataPath) => ({ dataPath }),
  ),
  setting(
    'tracing-sampling',
    percentage,
    { fallback: "the controller's setting", about: 'HTTP only: the part of the requests that are traced.' },
    (samplingPercent) => ({ tracing: { samplingPercent } }),
  ),
];

export const annotations: readonly Annotation[] = [
  ...circuitBreaker,
  ...outlierDetection,
  ...timeouts,
  ...retries,
  ...others,
];
