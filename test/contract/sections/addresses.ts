import { type HostName, hostAddresses } from '../lab/plan.ts';
import type { Probe, Section, ServiceSpec } from '../scenario.ts';
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
  notAnswered,
  patch,
  refused,
  seen,
  timedOut,
} from '../vocabulary.ts';

const all = answeredBy(['p1a', 'p2a'], 'anything');
const endpoints = hosts('p1a', 'p2a');
const balanced: ServiceSpec = { spec: { type: 'LoadBalancer' }, loadBalancer: 'VIP', endpoints };
const { IPv4: p1a4, IPv6: p1a6 } = hostAddresses.p1a;

function withRanges(...ranges: readonly string[]): ServiceSpec {
  return { ...balanced, spec: { type: 'LoadBalancer', loadBalancerSourceRanges: ranges }, externalIps: true };
}

function nodePortFrom(...clients: readonly HostName[]): readonly Probe[] {
  return clients.flatMap((from) => [connect(from, nodePort('node1'), all), connect(from, nodePort('node2'), all)]);
}

export const addresses: Section = {
  title: 'Addresses and ports',
  scenarios: [
    seen('A port that the Service does not have is refused', { endpoints }, [
      connectBy(['tcp', 'udp'], 'p1b', { kind: 'ClusterIP', service: 'web', port: 81 }, refused),
      connectBy(['tcp', 'udp'], 'node1', { kind: 'ClusterIP', service: 'web', port: 81 }, refused),
      connectBy(['udp'], 'p1b', { kind: 'ClusterIP', service: 'web', port: 8000 }, refused),
    ]),
    seen('An address of the Service CIDR that no Service has is silent', { endpoints }, [
      connectBy(['tcp', 'udp'], 'p1b', { kind: 'Unallocated' }, timedOut),
      connectBy(['tcp', 'udp'], 'node1', { kind: 'Unallocated' }, timedOut),
    ]),
    seen('A node port answers on every node, to everyone', { spec: { type: 'NodePort' }, endpoints }, [
      ...nodePortFrom('ext1', 'ext2', 'p1b', 'p2b', 'node1', 'node2'),
    ]),
    seen('A node port does not answer on loopback', { spec: { type: 'NodePort' }, endpoints }, [
      connectBy(['tcp', 'udp'], 'node1', { kind: 'Localhost', service: 'web' }, refused),
    ]),
    seen(
      'A node port of one number for TCP and UDP',
      {
        spec: {
          type: 'NodePort',
          ports: [
            { name: 'tcp', protocol: 'TCP', port: 80, targetPort: 9000, nodePort: 32_001 },
            { name: 'udp', protocol: 'UDP', port: 80, targetPort: 9001, nodePort: 32_001 },
          ],
        },
        slices: [
          {
            endpoints: hosts('p1a'),
            ports: [
              { name: 'tcp', protocol: 'TCP', port: 9000 },
              { name: 'udp', protocol: 'UDP', port: 9001 },
            ],
          },
        ],
      },
      [
        connectBy(['tcp'], 'ext1', nodePort('node1'), answeredBy(['p1a'], 'node1')),
        connectBy(['udp'], 'ext1', nodePort('node1'), answeredBy(['p1a:other'], 'node1')),
      ],
    ),
    changing('A node port ends with the type of its Service', { spec: { type: 'NodePort' }, endpoints }, [
      { probes: [connect('ext1', nodePort('node1'), all)] },
      {
        changes: [patch({ spec: { type: 'ClusterIP' } })],
        probes: [
          connect('ext1', { kind: 'NodePort', node: 'node1', service: 'web', isFormer: true }, refused),
          connect('p1b', clusterIp(), all),
        ],
      },
    ]),
    seen('An external IP answers whoever sends to it by a node', { externalIps: true, endpoints }, [
      connect('p1b', externalIp(), all),
      connect('node1', externalIp(), all),
      connect('ext1', externalIp(), all),
      connect('ext2', externalIp(), all),
    ]),
    seen('The address of a load balancer is taken on the node', balanced, [
      connect('p1b', loadBalancer(), all),
      connect('node1', loadBalancer(), all),
      connect('ext1', loadBalancer(), all),
    ]),
    seen(
      'What goes to a load balancer of ipMode Proxy really goes there',
      {
        spec: { type: 'LoadBalancer', ports: [{ name: 'tcp', port: 9000, targetPort: 9000 }] },
        loadBalancer: 'Proxy',
        endpoints,
      },
      [connectBy(['tcp'], 'p1b', loadBalancer(), answeredBy(['ext2']))],
    ),
    seen(
      'A load balancer without node ports',
      { ...balanced, spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false } },
      [connect('p1b', loadBalancer(), all), connect('ext1', loadBalancer(), all)],
    ),
    changing('A load balancer is taken away', balanced, [
      { probes: [connect('p1b', loadBalancer(), all)] },
      {
        changes: [patch({ spec: { type: 'ClusterIP' } })],
        probes: [connect('p1b', loadBalancer(), notAnswered), connect('p1b', clusterIp(), all)],
      },
    ]),
    seen(
      'Source ranges protect the address of the load balancer, from pods too, and no other address',
      withRanges(`${p1a4}/32`, `${p1a6}/128`),
      [
        connect('p1a', loadBalancer(), all),
        connect('p1b', loadBalancer(), timedOut),
        connect('node1', loadBalancer(), timedOut),
        connect('ext1', loadBalancer(), timedOut),
        connect('p1b', clusterIp(), all),
        connect('ext1', nodePort('node1'), all),
        connect('ext1', externalIp(), all),
      ],
    ),
    seen('Source ranges that are everything let everyone in', withRanges('0.0.0.0/0', `${p1a4}/32`, '::/0'), [
      connect('p1b', loadBalancer(), all),
      connect('ext1', loadBalancer(), all),
    ]),
    seen('Source ranges of the other family do not matter', withRanges(`${p1a4}/32`), [
      { kind: 'Connect', from: 'p1b', to: loadBalancer(), protocols: ['tcp'], families: ['IPv6'], expect: all },
      { kind: 'Connect', from: 'p1b', to: loadBalancer(), protocols: ['tcp'], families: ['IPv4'], expect: timedOut },
    ]),
    changing('Source ranges that change', withRanges(`${p1a4}/32`, `${p1a6}/128`), [
      { probes: [connect('ext1', loadBalancer(), timedOut)] },
      {
        changes: [patch({ spec: { loadBalancerSourceRanges: ['192.168.50.11/32', 'fd00:50::b/128'] } })],
        probes: [connect('ext1', loadBalancer(), all), connect('p1a', loadBalancer(), timedOut)],
      },
      { changes: [patch({ spec: { loadBalancerSourceRanges: null } })], probes: [connect('p1a', loadBalancer(), all)] },
    ]),
  ],
};
