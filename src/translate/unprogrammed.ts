import type { Problem } from '../model/problem.ts';
import { refOfService, type Service } from '../model/service.ts';

/** Reports what a Service asks for that no agent does yet. */
export function unprogrammed(service: Service): readonly Problem[] {
  if (service.external?.healthCheckNodePort === undefined) return [];
  const message = 'not served yet; load balancers take every node for unhealthy';
  return [{ object: refOfService(service), field: 'spec.healthCheckNodePort', code: 'NotProgrammed', message }];
}
