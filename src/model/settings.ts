import type { ServicePolicy, SettingName, SettingOrigin, SettingValues } from './policy.ts';
import type { Service, ServicePort } from './service.ts';

/** What is known of a setting beside its value. */
export interface Setting<T> {
  readonly unit: 'Count' | 'Milliseconds' | 'Percent' | 'Choice';
  /** The default; undefined: Fairlead sets nothing. */
  readonly byDefault: T | undefined;
  /** What a port must be for the setting to have an effect; undefined: it has one on every port. */
  readonly needs?: 'Envoy' | 'Http';
}

/** Names, units and defaults of all settings. Nothing else holds a default. */
export const settings = {
  // No cap: Envoy's own defaults (1024 connections and requests) would fail the traffic of a busy node that the kernel carried.
  maxConnections: { unit: 'Count', byDefault: undefined, needs: 'Envoy' },
  maxPendingRequests: { unit: 'Count', byDefault: undefined, needs: 'Envoy' },
  maxRequests: { unit: 'Count', byDefault: undefined, needs: 'Http' },
  // A budget: a part of the requests in flight (translate/circuit-breaker.ts).
  maxRetries: { unit: 'Count', byDefault: undefined, needs: 'Http' },
  outlierDetection: { unit: 'Choice', byDefault: true, needs: 'Envoy' },
  outlierConsecutiveErrors: { unit: 'Count', byDefault: 5, needs: 'Envoy' },
  outlierIntervalMs: { unit: 'Milliseconds', byDefault: 10_000, needs: 'Envoy' },
  outlierBaseEjectionTimeMs: { unit: 'Milliseconds', byDefault: 30_000, needs: 'Envoy' },
  // Half: a Service of one endpoint keeps it, of two or three loses one at most.
  outlierMaxEjectionPercent: { unit: 'Percent', byDefault: 50, needs: 'Envoy' },
  // The better of two random endpoints by requests (TCP: connections) in flight. With little load both have none and the
  // choice is uniformly random, as Kubernetes' own; with much, slow and busy endpoints get less.
  loadBalancing: { unit: 'Choice', byDefault: 'LeastRequest', needs: 'Envoy' },
  // Envoy's default, long enough for one retransmitted SYN (after 1 s) and another (after 3 s).
  connectTimeoutMs: { unit: 'Milliseconds', byDefault: 5000, needs: 'Envoy' },
  // None, where Envoy's defaults are 15 s for a whole request and 5 minutes of silence: the kernel has none either.
  requestTimeoutMs: { unit: 'Milliseconds', byDefault: 0, needs: 'Http' },
  idleTimeoutMs: { unit: 'Milliseconds', byDefault: 0, needs: 'Http' },
  retries: { unit: 'Count', byDefault: 2, needs: 'Http' },
  // Only what never reached an endpoint, so that no request is done twice.
  retryOn: { unit: 'Choice', byDefault: [], needs: 'Http' },
  perTryTimeoutMs: { unit: 'Milliseconds', byDefault: undefined, needs: 'Http' },
  // The namespace's, else the cluster's (docs/data-path.md).
  dataPath: { unit: 'Choice', byDefault: undefined },
  failMode: { unit: 'Choice', byDefault: 'Open', needs: 'Envoy' },
  // The controller's configuration.
  tracingSamplingPercent: { unit: 'Percent', byDefault: undefined, needs: 'Http' },
} as const satisfies { readonly [K in SettingName]: Setting<SettingValues[K]> };

export const settingNames = Object.keys(settings) as readonly SettingName[];

export interface EffectiveSetting<T> {
  readonly value: T;
  /** Undefined: the default is used. */
  readonly origin: SettingOrigin | undefined;
}

type ValueOf<K extends SettingName> = undefined extends (typeof settings)[K]['byDefault']
  ? SettingValues[K] | undefined
  : SettingValues[K];

/** The effective settings of one Service port. */
export type EffectivePolicy = { readonly [K in SettingName]: EffectiveSetting<ValueOf<K>> };

const defaultPolicy = policyOf({});

/**
 * The settings of a port: what the Service's owner asked for, else the default. So far all settings of a Service apply to
 * all of its ports; callers name the port, so that a policy can select some of them later.
 */
export function effectivePolicy({ policy }: Service, _port: ServicePort): EffectivePolicy {
  return Object.keys(policy).length === 0 ? defaultPolicy : policyOf(policy);
}

function policyOf(asked: ServicePolicy): EffectivePolicy {
  const entries = settingNames.map((name) => [
    name,
    asked[name] ?? { value: settings[name].byDefault, origin: undefined },
  ]);
  // fromEntries forgets which value belongs to which name.
  return Object.fromEntries(entries) as EffectivePolicy;
}
