import type { EffectivePolicy } from '../model/settings.ts';
import type { RouteAction } from '../protos/generated/types/envoy/config/route/v3/RouteAction.ts';
import type { Duration } from '../protos/generated/types/google/protobuf/Duration.ts';
import { durationOf } from './common.ts';

/** What Linux' conntrack grants an idle TCP connection (nf_conntrack_tcp_timeout_established under kube-proxy). */
export const tcpIdleMs = 24 * 3600 * 1000;

export function connectTimeoutOf({ connectTimeoutMs }: EffectivePolicy): Duration {
  return durationOf(connectTimeoutMs.value);
}

export function routeTimeoutsOf(policy: EffectivePolicy): Pick<RouteAction, 'timeout' | 'idleTimeout'> {
  const timeout = durationOf(policy.requestTimeoutMs.value);
  const { value, origin } = policy.idleTimeoutMs;
  // The listener has the default.
  return origin === undefined ? { timeout } : { timeout, idleTimeout: durationOf(value) };
}
