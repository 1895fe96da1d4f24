import { describe, expect, it } from 'vitest';
import { formatProblem } from '../model/problem.ts';
import type { ExternalAccess, Service } from '../model/service.ts';
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

const service: Service = {
  namespace: 'shop',
  name: 'web',
  createdAt: '',
  clusterIPs: ['10.96.0.1'],
  ports: [
    { name: 'a', protocol: 'TCP', port: 80, appProtocol: 'tcp', nodePort: 30080 },
    { name: 'b', protocol: 'TCP', port: 81, appProtocol: 'tcp', nodePort: 30081 },
  ],
  internalTrafficPolicy: 'Cluster',
  sessionAffinity: { kind: 'None' },
  external,
  policy: {},
};

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
