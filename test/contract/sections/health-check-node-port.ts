import type { HostName, NodeName } from '../lab/plan.ts';
import type { FetchExpectation, Probe, Section, ServiceSpec } from '../scenario.ts';
import {
  answeredBy,
  changing,
  connectBy,
  hosts,
  loadBalancer,
  notReady,
  patch,
  seen,
  setEndpoints,
  terminating,
} from '../vocabulary.ts';

function local(...names: readonly HostName[]): ServiceSpec {
  return {
    spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' },
    loadBalancer: 'VIP',
    endpoints: hosts(...names),
  };
}

function health(node: NodeName, expect: FetchExpectation, path = '/'): Probe {
  return { kind: 'Fetch', from: 'ext1', at: { kind: 'HealthCheckNodePort', service: 'web', node }, path, expect };
}

function former(node: NodeName, expect: FetchExpectation): Probe {
  const at = { kind: 'HealthCheckNodePort', service: 'web', node, isFormer: true } as const;
  return { kind: 'Fetch', from: 'ext1', at, path: '/', expect };
}

/** Byte for byte what kube-proxy says: load balancers and people's scripts read it. */
function report(count: number): FetchExpectation {
  const lines = [
    '{',
    '\t"service": {',
    '\t\t"namespace": "default",',
    '\t\t"name": "SERVICE"',
    '\t},',
    `\t"localEndpoints": ${count},`,
    '\t"serviceProxyHealthy": true',
    '}',
  ];
  const headers = {
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    'x-load-balancing-endpoint-weight': String(count),
  };
  return { kind: 'Answer', status: count > 0 ? 200 : 503, headers, body: lines.join('\n') };
}

const closed: FetchExpectation = { kind: 'Unreachable' };

export const healthCheckNodePort: Section = {
  title: 'healthCheckNodePort',
  scenarios: [
    seen('Each node tells of its own ready endpoints, on any path', local('p1a', 'p1b', 'p2a'), [
      health('node1', report(2)),
      health('node2', report(1), '/healthz?x=1'),
    ]),
    seen('A node without endpoints answers 503', local('p2a'), [
      health('node1', report(0)),
      health('node2', report(1)),
    ]),
    seen('It is open without any endpoint', local(), [health('node1', report(0)), health('node2', report(0))]),
    seen(
      'One endpoint of several ports counts once, endpoints that are not ready do not count',
      { ...local(), endpoints: [...hosts('p1a'), notReady('p1b')] },
      [health('node1', report(1))],
    ),
    changing('Terminating endpoints take connections but do not count', local('p1a'), [
      { probes: [health('node1', report(1))] },
      {
        changes: [setEndpoints([terminating('p1a')])],
        probes: [health('node1', report(0)), connectBy(['tcp'], 'ext1', loadBalancer(), answeredBy(['p1a']))],
      },
    ]),
    changing('It is closed while the policy is Cluster', local('p1a'), [
      { probes: [health('node1', report(1))] },
      {
        changes: [patch({ spec: { externalTrafficPolicy: 'Cluster', healthCheckNodePort: 0 } })],
        probes: [former('node1', closed)],
      },
      { changes: [patch({ spec: { externalTrafficPolicy: 'Local' } })], probes: [health('node1', report(1))] },
    ]),
    changing('It is closed with the Service', local('p1a'), [
      { probes: [health('node1', report(1))] },
      { changes: [{ kind: 'Delete', service: 'web' }], probes: [health('node1', closed)] },
    ]),
  ],
};
