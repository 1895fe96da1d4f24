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
  it('names all that is asked for in one problem', () => {
    expect(unprogrammed(service).map(formatProblem)).toEqual([
      'Service shop/web spec: nodePort, type: LoadBalancer, externalIPs, loadBalancerSourceRanges, ' +
        'externalTrafficPolicy: Local, healthCheckNodePort: not programmed yet; the Service can be reached at its cluster IPs only',
    ]);
  });

  it('says nothing of a Service for clients within the cluster', () => {
    const { external: _, ...internal } = service;
    expect(unprogrammed(internal)).toEqual([]);
  });
});
