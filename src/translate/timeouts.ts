import type { Timeouts } from '../model/policy.ts';
import type { RouteAction } from '../protos/generated/types/envoy/config/route/v3/RouteAction.ts';
import type { Duration } from '../protos/generated/types/google/protobuf/Duration.ts';
import { durationOf } from './common.ts';

/** Envoy's default, long enough for one retransmitted SYN (after 1 s) and another (after 3 s). */
const defaultConnectMs = 5000;

/** What Linux' conntrack grants an idle TCP connection (nf_conntrack_tcp_timeout_established under kube-proxy). */
export const tcpIdleMs = 24 * 3600 * 1000;

export function connectTimeoutOf(policy: Timeouts | undefined): Duration {
  return durationOf(policy?.connectMs ?? defaultConnectMs);
}

/** No time-out unless asked for, where Envoy's default is 15 s for a whole request: the kernel has none either. */
export function routeTimeoutsOf(policy: Timeouts | undefined): Pick<RouteAction, 'timeout' | 'idleTimeout'> {
  const timeout = durationOf(policy?.requestMs ?? 0);
  return policy?.idleMs === undefined ? { timeout } : { timeout, idleTimeout: durationOf(policy.idleMs) };
}
