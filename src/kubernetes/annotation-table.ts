import type { LoadBalancingAlgorithm, RetryCondition, SettingName, SettingValues } from '../model/policy.ts';
import { settings } from '../model/settings.ts';
import {
  dataPathChoices,
  duration,
  formatDuration,
  listOf,
  oneOf,
  onOrOff,
  percentage,
  type ValueType,
  wholeNumber,
} from './annotation-values.ts';

export const annotationPrefix = 'fairlead.dev/';

/** One setting as an annotation. docs/annotations.md lists all of them; a test holds it to this table. */
export interface Annotation {
  /** After the prefix `fairlead.dev/`. */
  readonly key: string;
  readonly setting: SettingName;
  /** Completes "is not ...". */
  readonly expected: string;
  /** What is used without it, as the documentation and messages say it. */
  readonly fallback: string;
  readonly about: string;
  /** The value that the text asks for; undefined when it is not such a value. */
  readonly read: (text: string) => SettingValues[SettingName] | undefined;
}

interface About {
  readonly about: string;
  /** In words, where the default is not a value that could be written. */
  readonly fallback?: string;
}

function annotation<K extends SettingName>(
  key: string,
  setting: K,
  type: ValueType<SettingValues[K]>,
  { about, fallback = textOf(setting) }: About,
): Annotation {
  return { key, setting, expected: type.expected, fallback, about, read: type.read };
}

/** The default of a setting as an annotation would write it. */
function textOf(name: SettingName): string {
  const { byDefault, unit } = settings[name];
  if (typeof byDefault === 'boolean') return byDefault ? 'enabled' : 'disabled';
  return unit === 'Milliseconds' && typeof byDefault === 'number' ? formatDuration(byDefault) : String(byDefault);
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
  annotation('max-connections', 'maxConnections', cap, {
    fallback: 'no cap',
    about: "Connections from one node's Envoy to one Service port; further ones are refused.",
  }),
  annotation('max-pending-requests', 'maxPendingRequests', cap, {
    fallback: 'no cap',
    about: 'Requests that wait for a connection; further ones are answered with 503.',
  }),
  annotation('max-requests', 'maxRequests', cap, {
    fallback: 'no cap',
    about: 'Requests in flight; further ones are answered with 503.',
  }),
  annotation('max-retries', 'maxRetries', cap, {
    fallback: 'a retry budget',
    about:
      'Retries in flight at the same time, in place of the budget; above it the answer is passed on as it is. `0` allows none.',
  }),
];

const outlierDetection: readonly Annotation[] = [
  annotation('outlier-detection', 'outlierDetection', onOrOff, {
    about: 'Whether endpoints that fail are left out for a while.',
  }),
  annotation('outlier-consecutive-errors', 'outlierConsecutiveErrors', wholeNumber(1, 4_294_967_295), {
    about:
      'Errors in a row until an endpoint is ejected: failed and timed-out connects and resets, and, if this annotation is set, every 5xx answer.',
  }),
  annotation('outlier-interval', 'outlierIntervalMs', duration(1, 24 * hour), {
    about: 'How often ejected endpoints are checked for their return.',
  }),
  annotation('outlier-base-ejection-time', 'outlierBaseEjectionTimeMs', duration(1, 24 * hour), {
    about: 'How long the first ejection lasts; each further one lasts that much longer.',
  }),
  annotation('outlier-max-ejection-percent', 'outlierMaxEjectionPercent', wholeNumber(0, 100), {
    about: 'The percentage of the endpoints that may be ejected at the same time.',
  }),
];

const timeouts: readonly Annotation[] = [
  annotation('connect-timeout', 'connectTimeoutMs', duration(1, hour), {
    about: 'How long connecting to an endpoint may take.',
  }),
  annotation('request-timeout', 'requestTimeoutMs', duration(0, 24 * hour), {
    about: 'HTTP only: from the end of the request to the end of its answer, retries included; `0s` means no limit.',
  }),
  annotation('idle-timeout', 'idleTimeoutMs', duration(0, 24 * hour), {
    about: "HTTP only: how long a request's stream may be silent; `0s` means no limit.",
  }),
];

const retries: readonly Annotation[] = [
  annotation('retries', 'retries', wholeNumber(0, 100), {
    about: 'HTTP only: retries after the first try; `0` switches them off.',
  }),
  annotation('retry-on', 'retryOn', listOf(retryConditions), {
    fallback: 'what never reached an endpoint',
    about:
      "HTTP only: what is tried again, in the vocabulary of Envoy's `x-envoy-retry-on` and `x-envoy-retry-grpc-on`.",
  }),
  annotation('per-try-timeout', 'perTryTimeoutMs', duration(1, 24 * hour), {
    fallback: 'none',
    about: 'HTTP only: how long one try may take before it counts as failed and the next begins.',
  }),
];

const others: readonly Annotation[] = [
  annotation('load-balancing', 'loadBalancing', oneOf(algorithms), {
    about: "How an endpoint is chosen. `RingHash` and `Maglev` hash the client's address.",
  }),
  annotation('data-path', 'dataPath', dataPathChoices, {
    fallback: "the namespace's, else the cluster's",
    about: 'Which path connections to the cluster IP take. Also on a Namespace, for all of its Services.',
  }),
  annotation('fail-mode', 'failMode', oneOf(['Open', 'Closed'] as const), {
    about:
      'While Envoy is away, connections to ports of the Envoy path go by the kernel (`Open`) or are refused (`Closed`).',
  }),
  annotation('tracing-sampling', 'tracingSamplingPercent', percentage, {
    fallback: "the controller's setting",
    about: 'HTTP only: the percentage of the requests that are traced.',
  }),
];

export const annotations: readonly Annotation[] = [
  ...circuitBreaker,
  ...outlierDetection,
  ...timeouts,
  ...retries,
  ...others,
];
