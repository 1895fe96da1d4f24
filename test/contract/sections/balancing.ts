import type { Section } from '../scenario.ts';
import {
  answeredBy,
  changing,
  clusterIp,
  connect,
  connectBy,
  hosts,
  loadBalancer,
  nodePort,
  patch,
  refused,
  seen,
  setEndpoints,
  stickyTo,
} from '../vocabulary.ts';

const three = ['p1b', 'p2a', 'p2b'] as const;
const affine = { sessionAffinity: 'ClientIP' };

export const balancing: Section = {
  title: 'Load balancing and affinity',
  scenarios: [
    seen('New connections are spread over all endpoints', { spec: { type: 'NodePort' }, endpoints: hosts(...three) }, [
      connect('p1a', clusterIp(), answeredBy(three)),
      connect('node1', clusterIp(), answeredBy(three, 'node1')),
      connect('ext1', nodePort('node1'), answeredBy(three, 'node1')),
    ]),
    seen(
      'An endpoint that refuses connections is not tried again elsewhere: the client is refused',
      { slices: [{ endpoints: hosts('p1b'), ports: [{ name: 'tcp', protocol: 'TCP', port: 9999 }] }] },
      [connectBy(['tcp'], 'p1a', clusterIp(), refused)],
    ),
    seen('With ClientIP affinity a client stays with its endpoint', { spec: affine, endpoints: hosts(...three) }, [
      connect('p1a', clusterIp(), stickyTo(three)),
      connect('p2a', clusterIp(), stickyTo(three)),
      connect('node1', clusterIp(), stickyTo(three)),
    ]),
    seen(
      'Affinity holds for every address of a Service, and it is one',
      { spec: { type: 'LoadBalancer', ...affine }, loadBalancer: 'VIP', endpoints: hosts(...three) },
      ['tcp', 'udp'].flatMap((protocol) => {
        const group = `p1a by ${protocol}`;
        return [clusterIp(), nodePort('node1'), loadBalancer(), clusterIp()].map((to) =>
          connectBy([protocol === 'tcp' ? 'tcp' : 'udp'], 'p1a', to, stickyTo(three, group)),
        );
      }),
    ),
    seen(
      'Affinity of clients outside',
      { spec: { type: 'LoadBalancer', ...affine }, loadBalancer: 'VIP', endpoints: hosts(...three) },
      [
        connectBy(['tcp'], 'ext1', nodePort('node1'), stickyTo(three, 'ext1')),
        connectBy(['tcp'], 'ext1', loadBalancer(), stickyTo(three, 'ext1')),
      ],
    ),
    changing(
      'Affinity lasts while endpoints come and go, and ends with its endpoint',
      { spec: affine, endpoints: hosts('p1b') },
      [
        { probes: [connect('p1a', clusterIp(), stickyTo(['p1b']))] },
        { changes: [setEndpoints(hosts(...three))], probes: [connect('p1a', clusterIp(), stickyTo(['p1b']))] },
        {
          changes: [setEndpoints(hosts('p2a', 'p2b'))],
          probes: [connectBy(['tcp'], 'p1a', clusterIp(), stickyTo(['p2a', 'p2b']))],
        },
      ],
    ),
    changing('Affinity is turned off and on', { spec: affine, endpoints: hosts(...three) }, [
      { probes: [connect('p1a', clusterIp(), stickyTo(three))] },
      {
        changes: [patch({ spec: { sessionAffinity: 'None', sessionAffinityConfig: null } })],
        probes: [connect('p1a', clusterIp(), answeredBy(three))],
      },
      { changes: [patch({ spec: affine })], probes: [connect('p1a', clusterIp(), stickyTo(three))] },
    ]),
    seen(
      'Affinity ends when a client was away for its time-out',
      {
        spec: { ...affine, sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } },
        endpoints: hosts(...three),
      },
      [
        connectBy(['tcp'], 'p1a', clusterIp(), stickyTo(three)),
        {
          kind: 'Connect',
          from: 'p1a',
          to: clusterIp(),
          protocols: ['tcp'],
          pauseMs: 1_500,
          expect: { kind: 'Changing', by: three },
        },
      ],
    ),
    {
      name: 'Affinity survives a restart of the proxy',
      exclusive: true,
      services: { web: { spec: affine, endpoints: hosts(...three) } },
      steps: [
        { probes: [connectBy(['tcp'], 'p1a', clusterIp(), stickyTo(three, 'p1a'))] },
        {
          changes: [{ kind: 'RestartProxy', node: 'node1' }],
          probes: [connectBy(['tcp'], 'p1a', clusterIp(), stickyTo(three, 'p1a'))],
        },
      ],
    },
  ],
};
