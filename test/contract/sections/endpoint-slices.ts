import type { Section, SlicePort } from '../scenario.ts';
import {
  answeredBy,
  clusterIp,
  connect,
  connectBy,
  hosts,
  notReady,
  refused,
  seen,
  terminated,
  timedOut,
} from '../vocabulary.ts';

const tcpTo = (port: number): SlicePort => ({ name: 'tcp', protocol: 'TCP', port });
const udpTo = (port: number): SlicePort => ({ name: 'udp', protocol: 'UDP', port });

export const endpointSlices: Section = {
  title: 'Fields of EndpointSlices',
  scenarios: [
    seen('Several slices are one set', { slices: [{ endpoints: hosts('p1a') }, { endpoints: hosts('p2a') }] }, [
      connect('p1b', clusterIp(), answeredBy(['p1a', 'p2a'])),
    ]),
    seen('Only the first address of an endpoint is used', { endpoints: [{ host: 'p1a', moreAddresses: ['p2a'] }] }, [
      connect('p1b', clusterIp(), answeredBy(['p1a'])),
    ]),
    seen(
      'An endpoint is ready and serving where its conditions do not say otherwise',
      { endpoints: [{ host: 'p1a', conditions: {} }, { host: 'p2a' }] },
      [connect('p1b', clusterIp(), answeredBy(['p1a', 'p2a']))],
    ),
    seen(
      'Serving is assumed of a terminating endpoint where nothing is said',
      { endpoints: [{ host: 'p1a', conditions: { ready: false, terminating: true } }] },
      [connect('p1b', clusterIp(), answeredBy(['p1a']))],
    ),
    seen('Endpoints that are not ready are not used', { endpoints: [notReady('p1a'), ...hosts('p2a')] }, [
      connect('p1b', clusterIp(), answeredBy(['p2a'])),
    ]),
    seen('A Service none of whose endpoints is ready has none', { endpoints: [notReady('p1a'), terminated('p2a')] }, [
      connect('p1b', clusterIp(), refused),
    ]),
    seen(
      'An endpoint without a node is on no node',
      { spec: { internalTrafficPolicy: 'Local' }, endpoints: [{ host: 'p1a', nodeName: 'None' }] },
      [connect('p1b', clusterIp(), timedOut)],
    ),
    seen('An endpoint without a node is used by all', { endpoints: [{ host: 'p1a', nodeName: 'None' }] }, [
      connect('p1b', clusterIp(), answeredBy(['p1a'])),
      connect('p2a', clusterIp(), answeredBy(['p1a'])),
    ]),
    seen(
      'A port has each slice its own number, as with named target ports',
      {
        slices: [
          { endpoints: hosts('p1a'), ports: [tcpTo(9000)] },
          { endpoints: hosts('p2a'), ports: [tcpTo(9001)] },
        ],
      },
      [connectBy(['tcp'], 'p1b', clusterIp(), answeredBy(['p1a', 'p2a:other']))],
    ),
    seen(
      'A port has the endpoints of the slices that name it',
      {
        slices: [
          { endpoints: hosts('p1a'), ports: [tcpTo(9000), udpTo(9000)] },
          { endpoints: hosts('p2a'), ports: [udpTo(9000)] },
        ],
      },
      [
        connectBy(['tcp'], 'p1b', clusterIp(), answeredBy(['p1a'])),
        connectBy(['udp'], 'p1b', clusterIp(), answeredBy(['p1a', 'p2a'])),
        connectBy(['http'], 'p1b', clusterIp(), refused),
      ],
    ),
    seen(
      'A port is matched by its protocol too',
      { slices: [{ endpoints: hosts('p1a'), ports: [{ name: 'tcp', protocol: 'UDP', port: 9000 }] }] },
      [connectBy(['tcp'], 'p1b', clusterIp(), refused)],
    ),
    seen(
      'Ports without a name belong together',
      {
        spec: { ports: [{ port: 80, targetPort: 9000 }] },
        slices: [{ endpoints: hosts('p1a'), ports: [{ name: '', protocol: 'TCP', port: 9000 }] }],
      },
      [connectBy(['tcp'], 'p1b', { kind: 'ClusterIP', service: 'web', port: 80 }, answeredBy(['p1a']))],
    ),
    seen(
      'An address that a terminating pod leaves to another one is not terminating',
      { slices: [{ endpoints: [terminated('p1a')] }, { endpoints: hosts('p1a', 'p2a') }] },
      [connect('p1b', clusterIp(), answeredBy(['p1a', 'p2a']))],
    ),
  ],
};
