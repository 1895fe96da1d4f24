import type { OutlierDetection as OutlierPolicy } from '../model/policy.ts';
import type { OutlierDetection } from '../protos/generated/types/envoy/config/cluster/v3/OutlierDetection.ts';
import { durationOf, uint32Max } from './common.ts';

export const outlierDefaults = {
  consecutiveErrors: 5,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  /** Half: a Service of one endpoint keeps it, of two or three loses one at most. */
  maxEjectionPercent: 50,
} as const;

/**
 * Counts what Envoy sees itself (failed connects, resets, time-outs) and 502, 503 and 504 answers. Other 5xx answers
 * count only when the policy names a number of errors: an application that answers 500 on purpose is not ill.
 * Ejection by statistics is off: it cannot be told from a bad deployment with a few endpoints. Undefined when off.
 */
export function outlierDetectionOf(policy: OutlierPolicy | undefined): OutlierDetection | undefined {
  if (policy?.enabled === false) return undefined;
  const errors = { value: policy?.consecutiveErrors ?? outlierDefaults.consecutiveErrors };
  return {
    consecutive_5xx: { value: policy?.consecutiveErrors ?? uint32Max },
    consecutiveGatewayFailure: errors,
    enforcingConsecutiveGatewayFailure: { value: 100 },
    splitExternalLocalOriginErrors: true,
    consecutiveLocalOriginFailure: errors,
    enforcingConsecutiveLocalOriginFailure: { value: 100 },
    enforcingSuccessRate: { value: 0 },
    enforcingLocalOriginSuccessRate: { value: 0 },
    interval: durationOf(policy?.intervalMs ?? outlierDefaults.intervalMs),
    baseEjectionTime: durationOf(policy?.baseEjectionTimeMs ?? outlierDefaults.baseEjectionTimeMs),
    maxEjectionPercent: { value: policy?.maxEjectionPercent ?? outlierDefaults.maxEjectionPercent },
  };
}
