import type { EffectivePolicy } from '../model/settings.ts';
import type { OutlierDetection } from '../protos/generated/types/envoy/config/cluster/v3/OutlierDetection.ts';
import { durationOf, uint32Max } from './common.ts';

/**
 * Counts what cannot be intended: connects that fail or time out, resets of established connections. Answers, of whatever status, count only when
 * the policy names a number of errors: an application that answers 503 on purpose (a drained shop, a gate that is closed) is not
 * unhealthy, and would lose half its endpoints for all clients of the node.
 * Ejection by statistics is off: it cannot be told from a bad deployment with a few endpoints. Undefined when off.
 */
export function outlierDetectionOf(policy: EffectivePolicy): OutlierDetection | undefined {
  if (!policy.outlierDetection.value) return undefined;
  const { value, origin } = policy.outlierConsecutiveErrors;
  return {
    consecutive_5xx: { value: origin === undefined ? uint32Max : value },
    splitExternalLocalOriginErrors: true,
    consecutiveLocalOriginFailure: { value },
    enforcingConsecutiveLocalOriginFailure: { value: 100 },
    enforcingSuccessRate: { value: 0 },
    enforcingLocalOriginSuccessRate: { value: 0 },
    interval: durationOf(policy.outlierIntervalMs.value),
    baseEjectionTime: durationOf(policy.outlierBaseEjectionTimeMs.value),
    maxEjectionPercent: { value: policy.outlierMaxEjectionPercent.value },
  };
}
