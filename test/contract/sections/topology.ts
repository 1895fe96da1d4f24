import type { HostName } from '../lab/plan.ts';
import type { Change, EndpointSpec, Section } from '../scenario.ts';
import { answeredBy, changing, clusterIp, connect, hosts, nodePort, seen, setEndpoints } from '../vocabulary.ts';

type Hints = NonNullable<EndpointSpec['hints']>;

const hinted = (host: HostName, hints: Hints, conditions?: EndpointSpec['conditions']): EndpointSpec => ({
  host,
  hints,
  ...(conditions === undefined ? {} : { conditions }),
});
const zones = (...forZones: readonly string[]): Hints => ({ forZones });
const nodes = (forNodes: readonly string[], ...forZones: readonly string[]): Hints => ({ forNodes, forZones });
const any = (...names: readonly string[]) => answeredBy(names, 'anything');

const zoneOfNode1 = (zone: string): Change => ({
  kind: 'PatchNode',
  node: 'node1',
  patch: { metadata: { labels: { 'topology.kubernetes.io/zone': zone } } },
});
/** Nodes are watched apart from Services: a Service that was created later may be there before. */
const eventually = {
  kind: 'Connect',
  from: 'p1b',
  to: clusterIp(),
  protocols: ['tcp', 'udp', 'http'],
  isEventual: true,
} as const;

const byZone = [
  hinted('p1a', zones('zone-a')),
  hinted('p1b', zones('zone-a')),
  hinted('p2a', zones('zone-b')),
] as const;

export const topology: Section = {
  title: 'Topology',
  scenarios: [
    seen('Zone hints: all endpoints for the own zone, and no other', { endpoints: byZone }, [
      connect('p1b', clusterIp(), any('p1a', 'p1b')),
      connect('p2a', clusterIp(), any('p2a')),
      connect('node2', clusterIp(), any('p2a')),
    ]),
    seen('Hints are not used when a ready endpoint has none', { endpoints: [...byZone, ...hosts('p2b')] }, [
      connect('p1b', clusterIp(), any('p1a', 'p1b', 'p2a', 'p2b')),
    ]),
    seen(
      'Hints are not used when none is for this zone',
      { endpoints: [hinted('p1a', zones('zone-b')), hinted('p2a', zones('zone-b'))] },
      [connect('p1b', clusterIp(), any('p1a', 'p2a')), connect('p2b', clusterIp(), any('p1a', 'p2a'))],
    ),
    seen(
      'Endpoints that are not ready do not count',
      { endpoints: [...byZone, { host: 'p2b', conditions: { ready: false } }] },
      [connect('p1b', clusterIp(), any('p1a', 'p1b'))],
    ),
    seen(
      'Node hints go before zone hints',
      { endpoints: [hinted('p1a', nodes(['node1'], 'zone-a')), hinted('p1b', nodes(['node9'], 'zone-a'))] },
      [connect('p1b', clusterIp(), any('p1a'))],
    ),
    seen(
      'Where no node hint is for this node, zone hints are used',
      {
        endpoints: [
          hinted('p1a', nodes(['node1'], 'zone-a')),
          hinted('p2a', nodes(['node8'], 'zone-b')),
          hinted('p2b', nodes(['node9'], 'zone-b')),
        ],
      },
      [connect('p2b', clusterIp(), any('p2a', 'p2b')), connect('p1b', clusterIp(), any('p1a'))],
    ),
    seen('Hints hold for node ports of external policy Cluster', { spec: { type: 'NodePort' }, endpoints: byZone }, [
      connect('ext1', nodePort('node1'), any('p1a', 'p1b')),
      connect('ext1', nodePort('node2'), any('p2a')),
    ]),
    seen(
      'Hints hold for the short circuit of external policy Local',
      { spec: { type: 'NodePort', externalTrafficPolicy: 'Local' }, endpoints: [...byZone].reverse() },
      [connect('node2', nodePort('node2'), any('p2a')), connect('p1b', nodePort('node1'), any('p1a', 'p1b'))],
    ),
    seen(
      'Policy Local goes before hints',
      {
        spec: { internalTrafficPolicy: 'Local' },
        endpoints: [hinted('p1a', zones('zone-b')), hinted('p2a', zones('zone-a'))],
      },
      [connect('p1b', clusterIp(), any('p1a'))],
    ),
    seen(
      'Terminating endpoints are used whatever their hints',
      {
        endpoints: [
          hinted('p1a', zones('zone-a'), { ready: false, serving: true, terminating: true }),
          hinted('p2a', zones('zone-b'), { ready: false, serving: true, terminating: true }),
        ],
      },
      [connect('p1b', clusterIp(), any('p1a', 'p2a'))],
    ),
    changing('A zone that loses its last endpoint uses all', { endpoints: byZone }, [
      { probes: [connect('p2b', clusterIp(), any('p2a'))] },
      { changes: [setEndpoints(byZone.slice(0, 2))], probes: [connect('p2b', clusterIp(), any('p1a', 'p1b'))] },
      { changes: [setEndpoints(byZone)], probes: [connect('p2b', clusterIp(), any('p2a'))] },
    ]),
    {
      name: 'The zone is the one of the Node now',
      exclusive: true,
      services: { web: { endpoints: byZone } },
      steps: [
        { probes: [connect('p1b', clusterIp(), any('p1a', 'p1b'))] },
        {
          changes: [zoneOfNode1('zone-b')],
          probes: [{ ...eventually, expect: any('p2a') }],
        },
        {
          changes: [zoneOfNode1('zone-a')],
          probes: [{ ...eventually, expect: any('p1a', 'p1b') }],
        },
      ],
    },
  ],
};
