import type { EffectivePolicy } from '../model/settings.ts';
import type { OutlierDetection } from '../protos/generated/types/envoy/config/cluster/v3/OutlierDetection.ts';
import { durationOf, uint32Max } from './common.ts';

/**
 * Counts what Envoy sees itself (failed connects, resets, time-outs) and 502, 503 and 504 answers. Other 5xx answers
 * count only when the policy names a number of errors: an application that answers 500 on purpose is not ill.
 * Ejection by statistics is off: it cannot be told from a bad deployment with a few endpoints. Undefined when off.
 */
export function outlierDetectionOf(policy: EffectivePolicy): OutlierDetection | undefined {
  if (!policy.outlierDetection.value) return undefined;
  const { value, origin } = policy.outlierConsecutiveErrors;
  const errors = { value };
  return {
    consecutive_5xx: { value: origin === undefined ? uint32Max : value },
    consecutiveGatewayFailure: errors,
    enforcingConsecutiveGatewayFailure: { value: 100 },
    splitExternalLocalOriginErrors: true,
    consecutiveLocalOriginFailure: errors,
    enforcingConsecutiveLocalOriginFailure: { value: 100 },
    enforcingSuccessRate: { value: 0 },
    enforcingLocalOriginSuccessRate: { value: 0 },
    interval: durationOf(policy.outlierIntervalMs.value),
    baseEjectionTime: durationOf(policy.outlierBaseEjectionTimeMs.value),
    maxEjectionPercent: { value: policy.outlierMaxEjectionPercent.value },
  };
}
