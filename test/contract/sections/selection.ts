import type { Section } from '../scenario.ts';
import {
  answeredBy,
  changing,
  clusterIp,
  connect,
  hosts,
  notAnswered,
  patch,
  refused,
  seen,
  setEndpoints,
} from '../vocabulary.ts';

const proxyName = 'service.kubernetes.io/service-proxy-name';
const headless = { 'service.kubernetes.io/headless': '' };

export const selection: Section = {
  title: 'What is watched and selected',
  scenarios: [
    seen('A pod of any node reaches every ready endpoint', { endpoints: hosts('p1a', 'p1b', 'p2a') }, [
      connect('p1a', clusterIp(), answeredBy(['p1a', 'p1b', 'p2a'])),
      connect('p2a', clusterIp(), answeredBy(['p1a', 'p1b', 'p2a'])),
    ]),
    changing('Endpoints that come and go', { endpoints: [] }, [
      { probes: [connect('p1a', clusterIp(), refused)] },
      { changes: [setEndpoints(hosts('p1b'))], probes: [connect('p1a', clusterIp(), answeredBy(['p1b']))] },
      {
        changes: [setEndpoints(hosts('p2a', 'p2b'))],
        probes: [connect('p1a', clusterIp(), answeredBy(['p2a', 'p2b']))],
      },
      { changes: [setEndpoints([])], probes: [connect('p1a', clusterIp(), refused)] },
    ]),
    changing(
      'A Service that names another proxy is left alone, by the label and not by its value',
      { labels: { [proxyName]: '' }, endpoints: hosts('p1b') },
      [
        { probes: [connect('p1a', clusterIp(), notAnswered)] },
        {
          changes: [patch({ metadata: { labels: { [proxyName]: null } } })],
          probes: [connect('p1a', clusterIp(), answeredBy(['p1b']))],
        },
        {
          changes: [patch({ metadata: { labels: { [proxyName]: 'other' } } })],
          probes: [connect('p1a', clusterIp(), notAnswered)],
        },
      ],
    ),
    seen(
      'A Service labelled as headless has no endpoints',
      { labels: headless, slices: [{ endpoints: hosts('p1b'), labels: headless }] },
      [connect('p1a', clusterIp(), notAnswered)],
    ),
    seen(
      'An EndpointSlice labelled as headless is not used',
      { endpoints: hosts('p1b'), slices: [{ endpoints: hosts('p2a'), labels: headless }] },
      [connect('p1a', clusterIp(), answeredBy(['p1b']))],
    ),
    seen(
      'EndpointSlices are used whoever manages them',
      { slices: [{ endpoints: hosts('p1b'), labels: { 'endpointslice.kubernetes.io/managed-by': 'someone' } }] },
      [connect('p1a', clusterIp(), answeredBy(['p1b']))],
    ),
    seen(
      'An EndpointSlice that names no Service is not used',
      { endpoints: hosts('p1b'), slices: [{ endpoints: hosts('p2a'), isLabelled: false }] },
      [connect('p1a', clusterIp(), answeredBy(['p1b']))],
    ),
    changing('A Service becomes ExternalName and comes back', { endpoints: hosts('p1b') }, [
      { probes: [connect('p1a', clusterIp(), answeredBy(['p1b']))] },
      {
        changes: [
          patch({ spec: { type: 'ExternalName', externalName: 'example.com', clusterIP: null, clusterIPs: null } }),
        ],
        probes: [connect('p1a', { kind: 'ClusterIP', service: 'web', isFormer: true }, notAnswered)],
      },
      {
        changes: [
          patch({
            spec: {
              type: 'ClusterIP',
              externalName: null,
              ipFamilyPolicy: 'RequireDualStack',
              ipFamilies: ['IPv4', 'IPv6'],
            },
          }),
        ],
        probes: [connect('p1a', clusterIp(), answeredBy(['p1b']))],
      },
    ]),
    changing('A Service is deleted and created again', { endpoints: hosts('p1b') }, [
      { probes: [connect('p1a', clusterIp(), answeredBy(['p1b']))] },
      {
        changes: [{ kind: 'Delete', service: 'web' }],
        probes: [connect('p1a', { kind: 'ClusterIP', service: 'web', isFormer: true }, notAnswered)],
      },
      {
        changes: [{ kind: 'Create', service: 'web', spec: { endpoints: hosts('p2a') } }],
        probes: [connect('p1a', clusterIp(), answeredBy(['p2a']))],
      },
    ]),
    seen(
      'A Service of one family has endpoints of that family only',
      { spec: { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] }, endpoints: hosts('p1b') },
      [
        {
          kind: 'Connect',
          from: 'p1a',
          to: clusterIp(),
          protocols: ['tcp', 'udp'],
          families: ['IPv6'],
          expect: answeredBy(['p1b']),
        },
      ],
    ),
    {
      name: 'Services go on while the proxy is away, and what changed meanwhile is there when it is back',
      exclusive: true,
      services: { web: { endpoints: hosts('p1b') }, other: { endpoints: hosts('p1b') } },
      steps: [
        {
          probes: [connect('p1a', clusterIp(), answeredBy(['p1b']))],
        },
        {
          changes: [{ kind: 'StopProxy', node: 'node1' }],
          probes: [connect('p1a', clusterIp(), answeredBy(['p1b']))],
        },
        {
          changes: [setEndpoints(hosts('p2b'), 'other'), { kind: 'RestartProxy', node: 'node1' }],
          probes: [
            connect('p1a', clusterIp('other'), answeredBy(['p2b'])),
            connect('p1a', clusterIp(), answeredBy(['p1b'])),
          ],
        },
      ],
    },
  ],
};
