import type { Retries } from '../model/policy.ts';
import type { RouteAction } from '../protos/generated/types/envoy/config/route/v3/RouteAction.ts';
import { durationOf } from './common.ts';
import { packed } from './packed.ts';

/**
 * Only what never reached an endpoint is tried again by default, so that no request is done twice: a refused or
 * timed-out connect, a refused HTTP/2 stream, a connection that went before the request was written.
 */
const defaultRetries: Retries = { attempts: 2, on: [] };
const defaultConditions = 'connect-failure,refused-stream,reset-before-request';

/** Tries to find an endpoint that was not tried before; with few endpoints any serves. */
const otherEndpoint = {
  name: 'envoy.retry_host_predicates.previous_hosts',
  typedConfig: packed('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate', {}),
};

/** Nothing when switched off. */
export function retryPolicyOf(policy: Retries | undefined): Pick<RouteAction, 'retryPolicy'> {
  const { attempts, on, perTryTimeoutMs } = policy ?? defaultRetries;
  if (attempts === 0) return {};
  return {
    retryPolicy: {
      retryOn: on.length === 0 ? defaultConditions : on.join(','),
      numRetries: { value: attempts },
      ...(perTryTimeoutMs === undefined ? {} : { perTryTimeout: durationOf(perTryTimeoutMs) }),
      retryHostPredicate: [otherEndpoint],
      hostSelectionRetryMaxAttempts: 3,
    },
  };
}
