import type { HostName } from '../lab/plan.ts';
import type { Section, ServiceSpec, Target } from '../scenario.ts';
import {
  answeredBy,
  clusterIp,
  connect,
  connectBy,
  externalIp,
  hosts,
  loadBalancer,
  nodePort,
  seen,
} from '../vocabulary.ts';

const external: readonly Target[] = [nodePort('node1'), loadBalancer(), externalIp()];

function balanced(spec: object, ...names: readonly HostName[]): ServiceSpec {
  return {
    spec: { type: 'LoadBalancer', ...spec },
    loadBalancer: 'VIP',
    externalIps: true,
    endpoints: hosts(...names),
  };
}

function toEach(from: HostName, targets: readonly Target[], expect: ReturnType<typeof answeredBy>) {
  return targets.map((to) => connect(from, to, expect));
}

/** Not by UDP: the answer of a wildcard socket to a routed pod has the address of the link, not of the node. */
function onHost(from: HostName, expect: ReturnType<typeof answeredBy>) {
  return [connectBy(['tcp', 'http'], from, clusterIp(), expect)];
}

export const sourceAddress: Section = {
  title: 'Masquerade and source addresses',
  scenarios: [
    seen('A pod keeps its address to a cluster IP, on its node and beyond', { endpoints: hosts('p1b', 'p2a') }, [
      connect('p1a', clusterIp(), answeredBy(['p1b', 'p2a'])),
    ]),
    seen(
      'A pod keeps its address to a cluster IP of internal policy Local',
      { spec: { internalTrafficPolicy: 'Local' }, endpoints: hosts('p1b', 'p2a') },
      [connect('p1a', clusterIp(), answeredBy(['p1b']))],
    ),
    seen('A node is itself to a cluster IP', { endpoints: hosts('p1b', 'p2a') }, [
      connect('node1', clusterIp(), answeredBy(['p1b', 'p2a'], 'node1')),
    ]),
    seen('Who comes from outside to a cluster IP gets the address of the node', { endpoints: hosts('p1b', 'p2a') }, [
      connect('ext1', clusterIp(), answeredBy(['p1b', 'p2a'], 'node1')),
      connect('ext2', clusterIp(), answeredBy(['p1b', 'p2a'], 'node2')),
    ]),
    seen('A pod that reaches itself is seen as its node', { endpoints: hosts('p1a') }, [
      connect('p1a', clusterIp(), answeredBy(['p1a'], 'node1')),
    ]),
    seen('A pod that reaches itself by an external address is seen as its node', balanced({}, 'p1a'), [
      ...toEach('p1a', external, answeredBy(['p1a'], 'node1')),
    ]),
    seen(
      'A pod that reaches itself by the short circuit is seen as its node',
      balanced({ externalTrafficPolicy: 'Local' }, 'p1a'),
      toEach('p1a', external, answeredBy(['p1a'], 'node1')),
    ),
    seen('External policy Cluster: everyone gets the address of the node, pods too', balanced({}, 'p1b', 'p2a'), [
      ...toEach('p1a', external, answeredBy(['p1b', 'p2a'], 'node1')),
      ...toEach('node1', external, answeredBy(['p1b', 'p2a'], 'node1')),
      ...toEach('ext1', external, answeredBy(['p1b', 'p2a'], 'node1')),
    ]),
    seen(
      'External policy Local: clients outside and pods keep their address, the node has its own',
      balanced({ externalTrafficPolicy: 'Local' }, 'p1b', 'p2a'),
      [
        ...toEach('ext1', external, answeredBy(['p1b'])),
        ...toEach('p1a', external, answeredBy(['p1b', 'p2a'])),
        ...toEach('node1', external, answeredBy(['p1b', 'p2a'], 'node1')),
      ],
    ),
    seen(
      "A pod that speaks to another node's port is subject to that node's rules",
      balanced({ externalTrafficPolicy: 'Local' }, 'p2a'),
      [connect('p1a', nodePort('node2'), answeredBy(['p2a']))],
    ),
    seen('Endpoints in the host network', { endpoints: hosts('node1', 'node2') }, [
      ...onHost('p1a', answeredBy(['node1', 'node2'])),
      ...onHost('p2a', answeredBy(['node1', 'node2'])),
    ]),
    seen('Endpoints in the host network, for their own node', { endpoints: hosts('node1') }, [
      ...onHost('node1', answeredBy(['node1'], 'node1')),
      ...onHost('node2', answeredBy(['node1'], 'node2')),
    ]),
    seen('Pods among each other are left alone', {}, [
      connectBy(['tcp', 'udp', 'http'], 'p1a', { kind: 'Host', host: 'p1b' }, answeredBy(['p1b'])),
      connectBy(['tcp', 'udp', 'http'], 'p1a', { kind: 'Host', host: 'p2a' }, answeredBy(['p2a'])),
      connectBy(['tcp', 'udp', 'http'], 'node1', { kind: 'Host', host: 'p2a' }, answeredBy(['p2a'], 'node1')),
    ]),
  ],
};
