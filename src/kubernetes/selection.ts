import type { FieldReader } from './field-reader.ts';

/** Labels whose mere presence takes an object away from the cluster's service proxy (Service contract §1.1). */
export const excludingLabels = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'] as const;

export function isExcluded(labels: FieldReader): boolean {
  return excludingLabels.some((label) => labels.has(label));
}
