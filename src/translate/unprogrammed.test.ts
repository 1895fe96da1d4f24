import { describe, expect, it } from 'vitest';
import { aPort, aService } from '../../test/support/builders.ts';
import { formatProblem } from '../model/problem.ts';
import type { ExternalAccess } from '../model/service.ts';
import { unprogrammed } from './unprogrammed.ts';

const external: ExternalAccess = {
  type: 'LoadBalancer',
  externalIPs: ['192.0.2.1'],
  loadBalancer: [{ address: '192.0.2.2', ipMode: 'VIP' }],
  trafficPolicy: 'Local',
  sourceRanges: ['192.0.2.0/24'],
  healthCheckNodePort: 30082,
  allocatesNodePorts: true,
};

const ports = [aPort({ name: 'a', nodePort: 30080 }), aPort({ name: 'b', port: 81, nodePort: 30081 })];
const service = aService({ ports, external });

describe('unprogrammed', () => {
  it('names a health check, which nothing answers', () => {
    expect(unprogrammed(service).map(formatProblem)).toEqual([
      'Service shop/web spec.healthCheckNodePort: not served yet; load balancers take every node for unhealthy',
    ]);
  });

  it('says nothing of what the kernel does', () => {
    const { healthCheckNodePort: _, ...rest } = external;
    expect(unprogrammed({ ...service, external: rest })).toEqual([]);
  });
});
