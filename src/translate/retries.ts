import type { EffectivePolicy } from '../model/settings.ts';
import type { RouteAction } from '../protos/generated/types/envoy/config/route/v3/RouteAction.ts';
import { durationOf } from './common.ts';
import { packed } from './packed.ts';

/** A refused or timed-out connect, a refused HTTP/2 stream, a connection that went before the request was written. */
const neverReached = 'connect-failure,refused-stream,reset-before-request';

/** Tries to find an endpoint that was not tried before; with few endpoints any will do. */
const otherEndpoint = {
  name: 'envoy.retry_host_predicates.previous_hosts',
  typedConfig: packed('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate', {}),
};

/** Nothing when switched off. */
export function retryPolicyOf(policy: EffectivePolicy): Pick<RouteAction, 'retryPolicy'> {
  const { retries, retryOn, perTryTimeoutMs } = policy;
  if (retries.value === 0) return {};
  return {
    retryPolicy: {
      retryOn: retryOn.value.length === 0 ? neverReached : retryOn.value.join(','),
      numRetries: { value: retries.value },
      ...(perTryTimeoutMs.value === undefined ? {} : { perTryTimeout: durationOf(perTryTimeoutMs.value) }),
      retryHostPredicate: [otherEndpoint],
      hostSelectionRetryMaxAttempts: 3,
    },
  };
}
