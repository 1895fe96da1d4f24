import type { HostName } from '../lab/plan.ts';
import type { EndpointSpec, Expectation, Probe, Scenario, Section, ServiceSpec, Target } from '../scenario.ts';
import {
  answeredBy,
  changing,
  clusterIp,
  connect,
  connectBy,
  externalIp,
  hosts,
  loadBalancer,
  nodePort,
  notReady,
  patch,
  refused,
  seen,
  terminated,
  terminating,
  timedOut,
} from '../vocabulary.ts';

const local = 'Local';

function balanced(spec: object, endpoints: readonly EndpointSpec[]): ServiceSpec {
  return { spec: { type: 'LoadBalancer', ...spec }, loadBalancer: 'VIP', externalIps: true, endpoints };
}

const external: readonly Target[] = [nodePort('node1'), loadBalancer(), externalIp()];
const inside = ['p1a', 'node1'] as const;

function fromAll(clients: readonly HostName[], targets: readonly Target[], expect: Expectation): readonly Probe[] {
  return clients.flatMap((from) => targets.map((to) => connect(from, to, expect)));
}

const any = (...names: readonly string[]) => answeredBy(names, 'anything');

/** The table of the contract: an endpoint on this node, only elsewhere, nowhere. Every client speaks to node1. */
const zeroLocal: readonly Scenario[] = [
  seen('Cluster policies, endpoints here and elsewhere', balanced({}, hosts('p1b', 'p2a')), [
    ...fromAll(['p1a', 'node1', 'ext1'], [clusterIp(), ...external], any('p1b', 'p2a')),
  ]),
  seen('Cluster policies, endpoints elsewhere only', balanced({}, hosts('p2a')), [
    ...fromAll(['p1a', 'node1', 'ext1'], [clusterIp(), ...external], any('p2a')),
  ]),
  seen('Cluster policies, no endpoints: refused', balanced({}, []), [
    ...fromAll(['p1a', 'node1', 'ext1'], [clusterIp(), ...external], refused),
  ]),
  seen(
    'Internal policy Local, an endpoint on this node',
    balanced({ internalTrafficPolicy: local }, hosts('p1b', 'p2a')),
    [...fromAll(['p1a', 'node1', 'ext1'], [clusterIp()], any('p1b')), ...fromAll(['p1a'], external, any('p1b', 'p2a'))],
  ),
  seen(
    'Internal policy Local, endpoints elsewhere only: silence, but for the external addresses',
    balanced({ internalTrafficPolicy: local }, hosts('p2a')),
    [
      ...fromAll(['p1a', 'node1', 'ext1'], [clusterIp()], timedOut),
      ...fromAll(['p1a', 'ext1'], external, any('p2a')),
      connect('p2b', clusterIp(), any('p2a')),
    ],
  ),
  seen('Internal policy Local, no endpoints: refused', balanced({ internalTrafficPolicy: local }, []), [
    ...fromAll(['p1a', 'node1', 'ext1'], [clusterIp(), ...external], refused),
  ]),
  seen(
    'External policy Local, an endpoint on this node',
    balanced({ externalTrafficPolicy: local }, hosts('p1b', 'p2a')),
    [
      ...fromAll(['ext1'], external, any('p1b')),
      ...fromAll(inside, external, any('p1b', 'p2a')),
      ...fromAll(['p1a', 'node1', 'ext1'], [clusterIp()], any('p1b', 'p2a')),
    ],
  ),
  seen(
    'External policy Local, endpoints elsewhere only: silence to clients outside, short circuit for those inside',
    balanced({ externalTrafficPolicy: local }, hosts('p2a')),
    [
      ...fromAll(['ext1'], external, timedOut),
      ...fromAll(inside, external, any('p2a')),
      ...fromAll(['p1a', 'node1', 'ext1'], [clusterIp()], any('p2a')),
    ],
  ),
  seen('External policy Local, no endpoints: refused', balanced({ externalTrafficPolicy: local }, []), [
    ...fromAll(['p1a', 'node1', 'ext1'], [clusterIp(), ...external], refused),
  ]),
];

const terminatingRows: readonly Scenario[] = [
  seen(
    'Terminating endpoints are not used while others are ready',
    balanced({}, [terminating('p1b'), ...hosts('p2a')]),
    [...fromAll(['p1a'], [clusterIp()], any('p2a')), ...fromAll(['ext1'], external, any('p2a'))],
  ),
  seen(
    'Without a ready endpoint those that still serve while terminating are used',
    balanced({}, [terminating('p1b'), terminating('p2a'), notReady('p2b')]),
    [...fromAll(['p1a'], [clusterIp()], any('p1b', 'p2a')), ...fromAll(['ext1'], external, any('p1b', 'p2a'))],
  ),
  seen('Endpoints that do not serve any more are never used', balanced({}, [terminated('p1b'), notReady('p2a')]), [
    ...fromAll(['p1a', 'ext1'], [clusterIp(), ...external], refused),
  ]),
  seen(
    'Each node falls back to its own terminating endpoints under Local policies',
    balanced({ externalTrafficPolicy: local, internalTrafficPolicy: local }, [terminating('p1b'), ...hosts('p2a')]),
    [
      ...fromAll(['p1a'], [clusterIp()], any('p1b')),
      ...fromAll(['ext1'], external, any('p1b')),
      ...fromAll(inside, external, any('p2a')),
      connect('p2b', clusterIp(), any('p2a')),
    ],
  ),
  seen(
    'A ready endpoint of the node goes before its terminating one',
    balanced({ internalTrafficPolicy: local }, [terminating('p1a'), ...hosts('p1b', 'p2a')]),
    [...fromAll(['p1a', 'node1'], [clusterIp()], any('p1b'))],
  ),
];

export const policies: Section = {
  title: 'Traffic policies, readiness, terminating endpoints',
  scenarios: [
    ...zeroLocal,
    ...terminatingRows,
    changing('The external policy changes', balanced({}, hosts('p1b', 'p2a')), [
      { probes: [connectBy(['tcp'], 'ext1', nodePort('node1'), any('p1b', 'p2a'))] },
      {
        changes: [patch({ spec: { externalTrafficPolicy: local } })],
        probes: [
          connectBy(['tcp'], 'ext1', nodePort('node1'), answeredBy(['p1b'])),
          connectBy(['tcp'], 'ext1', nodePort('node2'), answeredBy(['p2a'])),
        ],
      },
      {
        changes: [patch({ spec: { externalTrafficPolicy: 'Cluster' } })],
        probes: [connectBy(['tcp'], 'ext1', nodePort('node1'), any('p1b', 'p2a'))],
      },
    ]),
    changing('The internal policy changes', { endpoints: hosts('p1b', 'p2a') }, [
      {
        changes: [patch({ spec: { internalTrafficPolicy: local } })],
        probes: [connect('p1a', clusterIp(), any('p1b')), connect('p2b', clusterIp(), any('p2a'))],
      },
      {
        changes: [patch({ spec: { internalTrafficPolicy: 'Cluster' } })],
        probes: [connect('p1a', clusterIp(), any('p1b', 'p2a'))],
      },
    ]),
  ],
};
