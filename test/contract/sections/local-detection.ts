import type { Probe, Scenario, Section, ServiceSpec } from '../scenario.ts';
import { answeredBy, clusterIp, connect, connectBy, hosts, nodePort, refused } from '../vocabulary.ts';

const both = ['p1b', 'p2a'] as const;
const local: ServiceSpec = {
  spec: { type: 'NodePort', externalTrafficPolicy: 'Local' },
  endpoints: hosts(...both),
};

/** node1's proxy with other flags, and then as it was. */
function withFlags(name: string, flags: readonly string[], probes: readonly Probe[]): Scenario {
  return {
    name,
    exclusive: true,
    services: { web: local },
    steps: [
      { changes: [{ kind: 'RestartProxy', node: 'node1', flags }], probes },
      { changes: [{ kind: 'RestartProxy', node: 'node1' }], probes: [] },
    ],
  };
}

/** Pods are told from all others: they keep their address and have the short circuit. */
const podsAreKnown: readonly Probe[] = [
  connect('p1a', clusterIp(), answeredBy(both)),
  connect('node1', clusterIp(), answeredBy(both, 'node1')),
  connect('ext1', clusterIp(), answeredBy(both, 'node1')),
  connect('p1a', nodePort('node1'), answeredBy(both)),
  connect('ext1', nodePort('node1'), answeredBy(['p1b'])),
];

const everyAddress: Probe = {
  kind: 'Connect',
  from: 'p1a',
  to: { kind: 'LinkNodePort', service: 'web' },
  protocols: ['tcp', 'udp'],
  families: ['IPv4'],
  expect: answeredBy(both),
};

export const localDetection: Section = {
  title: 'Local detection and other settings of the proxy',
  scenarios: [
    withFlags(
      'Pods known by the CIDR of the cluster',
      ['--detect-local-mode=ClusterCIDR', '--cluster-cidr=10.244.0.0/16,fd00:244::/32'],
      podsAreKnown,
    ),
    withFlags(
      'Pods known by the names of their interfaces',
      ['--detect-local-mode=InterfaceNamePrefix', '--pod-interface-name-prefix=v-'],
      podsAreKnown,
    ),
    withFlags(
      'With masqueradeAll every client of a cluster IP gets the address of the node',
      ['--masquerade-all'],
      [connect('p1a', clusterIp(), answeredBy(both, 'node1')), connect('ext1', clusterIp(), answeredBy(both, 'node1'))],
    ),
    withFlags(
      'Node ports on all addresses',
      ['--nodeport-addresses=0.0.0.0/0,::/0'],
      [everyAddress, connectBy(['tcp'], 'ext1', nodePort('node1'), answeredBy(['p1b']))],
    ),
    withFlags(
      'Node ports on the primary addresses only, by default',
      [],
      [{ ...everyAddress, expect: refused }, connectBy(['tcp'], 'ext1', nodePort('node1'), answeredBy(['p1b']))],
    ),
  ],
};
