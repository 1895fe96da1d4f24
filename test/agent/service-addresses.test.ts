import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PodDetector } from '../../src/agent/kernel/pod-detector.ts';
import type { EndpointSet, Frontend } from '../../src/agent/xds/service-view.ts';
import { aFrontend, endpointSet, tableOptions } from '../support/frontends.ts';
import type { DialResult } from './support/dial.ts';
import { KernelNode } from './support/kernel-node.ts';
import { echoPorts, Lab, type PodName, pods } from './support/lab.ts';

type Host = PodName | 'node1' | 'ctl';

/** Addresses of each family. p1a, p1b and node1 are on the node; ctl is a client outside of the cluster. */
const addresses = {
  IPv4: {
    node: '192.168.50.1',
    other: '192.168.50.100',
    cluster: '10.96.0.1',
    empty: '10.96.0.2',
    unallocated: '10.96.0.99',
    serviceCidr: '10.96.0.0/24',
    loadBalancer: '203.0.113.1',
    external: '203.0.113.2',
    podCidr: '10.244.1.0/24',
    all: '0.0.0.0/1',
  },
  IPv6: {
    node: 'fd00:50::1',
    other: 'fd00:50::64',
    cluster: 'fd00:96::1',
    empty: 'fd00:96::2',
    unallocated: 'fd00:96::99',
    serviceCidr: 'fd00:96::/112',
    loadBalancer: 'fd00:203::1',
    external: 'fd00:203::2',
    podCidr: 'fd00:244:1::/64',
    all: 'fc00::/7',
  },
} as const;

const nodePort = 30_080;

// Every kind of address of a Service as its clients see it, in a real kernel. Envoy has no part in it.
describe.each(['IPv4', 'IPv6'] as const)('addresses of Services, %s', (family) => {
  const own = addresses[family];
  let lab: Lab;
  let node: KernelNode;

  beforeAll(async () => {
    lab = await Lab.open({ prefix: family === 'IPv4' ? 'flsa4-' : 'flsa6-' });
    const flag = family === 'IPv4' ? '-4' : '-6';
    for (const address of [own.cluster, own.empty, own.unallocated, own.loadBalancer, own.external]) {
      await lab.run('ctl', 'ip', flag, 'route', 'add', address, 'via', own.node);
    }
    await open({ cidrs: [own.podCidr] });
  }, 60_000);

  afterAll(async () => {
    node.close();
    await lab.close();
  });

  /** Tables with another detector, or another option. */
  async function open(detector: PodDetector, extra: { readonly masqueradeAll?: boolean } = {}): Promise<void> {
    node?.close();
    const options = { ...tableOptions(family === 'IPv4' ? 'ip' : 'ip6', detector), ...extra };
    node = new KernelNode(lab.network.namespaceOf('node1'), options);
    node.table.elements.setNodeAddresses({ primary: own.node, nodePorts: [own.node] });
    node.table.setServiceCidrs([own.serviceCidr]);
    await node.load();
  }

  const setOf = (members: readonly PodName[], without: 'Reject' | 'Drop' = 'Reject'): EndpointSet =>
    endpointSet(
      members.map((pod) => ({ address: pods[pod][family], port: echoPorts.tcp })),
      family,
      without,
    );

  /** A Service with every kind of address. */
  function everyKind(endpoints: EndpointSet, change: Partial<Frontend> = {}): readonly Frontend[] {
    const common = { family, endpointSet: endpoints, ...change };
    return [
      aFrontend({ ...common, address: own.cluster, trafficPolicy: 'Cluster', shortCircuitSet: undefined }),
      aFrontend({ ...common, kind: 'LoadBalancer', address: own.loadBalancer }),
      aFrontend({ ...common, kind: 'ExternalIP', address: own.external }),
      aFrontend({ ...common, kind: 'NodePort', address: '', port: nodePort }),
    ];
  }

  const outside = [
    ['load balancer', own.loadBalancer, 80],
    ['external IP', own.external, 80],
    ['node port', own.node, nodePort],
  ] as const;

  const dial = async (from: Host, host: string, port: number, protocol: 'tcp' | 'udp' = 'tcp', count = 1) =>
    lab.dial(from, protocol, host, port, count, protocol === 'udp' ? 1_000 : 1_500);

  /** What endpoints saw as the client: its own address, or one of the node's. */
  async function clientSeen(from: Host, host: string, port: number): Promise<string> {
    const [result] = await dial(from, host, port);
    if (result === undefined || !('echo' in result)) return JSON.stringify(result);
    const name = from === 'node1' ? own.node : from === 'ctl' ? own.other : pods[from][family];
    return result.echo.clientAddress === name && from !== 'node1' ? 'client' : 'node';
  }

  describe('externalTrafficPolicy Cluster', () => {
    it.each(outside)(
      '%s: everyone is balanced over all endpoints, with an address of the node',
      async (_kind, host, port) => {
        await node.put('a/a', everyKind(setOf(['p1a', 'p1b', 'p2a'])));
        expect(podsIn(await dial('ctl', host, port, 'tcp', 30))).toEqual(['p1a', 'p1b', 'p2a']);
        await node.put('a/a', everyKind(setOf(['p2a'])));
        for (const from of ['ctl', 'p1a', 'node1'] as const) expect(await clientSeen(from, host, port)).toBe('node');
      },
    );

    it.each(outside)('%s: is refused without endpoints', async (_kind, host, port) => {
      await node.put('a/a', everyKind(setOf([])));
      for (const from of ['ctl', 'p1a', 'node1'] as const) {
        expect(await dial(from, host, port), from).toEqual([{ error: 'ECONNREFUSED' }]);
      }
    });
  });

  describe('externalTrafficPolicy Local', () => {
    const local = (members: readonly PodName[], all: readonly PodName[]) =>
      everyKind(setOf(members, all.length === 0 ? 'Reject' : 'Drop'), {
        trafficPolicy: 'Local',
        shortCircuitSet: setOf(all),
      });

    it.each(outside)(
      '%s: clients outside get endpoints of the node and keep their address',
      async (_kind, host, port) => {
        const frontends = local(['p1b'], ['p1b', 'p2a']).map((one) =>
          one.kind === 'ClusterIP' ? { ...one, endpointSet: setOf(['p2a']) } : one,
        );
        await node.put('a/a', frontends);
        expect(podsIn(await dial('ctl', host, port, 'tcp', 10))).toEqual(['p1b']);
        expect(await clientSeen('ctl', host, port)).toBe('client');
      },
    );

    it.each(outside)('%s: pods and the node use all endpoints; pods keep their address', async (_kind, host, port) => {
      await node.put('a/a', local(['p1b'], ['p1b', 'p2a']));
      expect(podsIn(await dial('p1a', host, port, 'tcp', 30))).toEqual(['p1b', 'p2a']);
      expect(podsIn(await dial('node1', host, port, 'tcp', 30))).toEqual(['p1b', 'p2a']);
      expect(await clientSeen('p1a', host, port)).toBe('client');
    });

    it.each(outside)(
      '%s: without endpoints of the node, outside is dropped and inside works',
      async (_kind, host, port) => {
        await node.put('a/a', local([], ['p2a']));
        expect(await dial('ctl', host, port)).toEqual([{ error: 'TIMEOUT' }]);
        expect(podsIn(await dial('p1a', host, port))).toEqual(['p2a']);
        expect(podsIn(await dial('node1', host, port))).toEqual(['p2a']);
      },
    );

    it.each(outside)('%s: without any endpoint everyone is refused', async (_kind, host, port) => {
      await node.put('a/a', local([], []));
      for (const from of ['ctl', 'p1a', 'node1'] as const) {
        expect(await dial(from, host, port), from).toEqual([{ error: 'ECONNREFUSED' }]);
      }
    });
  });

  describe('source ranges of a load balancer', () => {
    const ranged = (sourceRanges: readonly string[]) =>
      everyKind(setOf(['p2a'])).map((one) => (one.kind === 'LoadBalancer' ? { ...one, sourceRanges } : one));
    const outcomes = async (host: string, port: number) => {
      const all = (['ctl', 'p1a', 'node1'] as const).map(async (from) => {
        const [result] = await dial(from, host, port);
        return [from, result !== undefined && 'error' in result ? result.error : 'connected'];
      });
      return Object.fromEntries(await Promise.all(all)) as unknown;
    };

    it('drop everyone else, pods and the node too, at that address only', async () => {
      await node.put('a/a', ranged([`${pods.p1a[family]}/${family === 'IPv4' ? 32 : 128}`]));
      const expected = { ctl: 'TIMEOUT', p1a: 'connected', node1: 'TIMEOUT' };
      expect(await outcomes(own.loadBalancer, 80)).toEqual(expected);
      const everyone = { ctl: 'connected', p1a: 'connected', node1: 'connected' };
      expect(await outcomes(own.external, 80)).toEqual(everyone);
      expect(await outcomes(own.node, nodePort)).toEqual(everyone);
    });

    it('may contain each other, and change', async () => {
      await node.put('a/a', ranged([own.podCidr, `${pods.p1a[family]}/${family === 'IPv4' ? 32 : 128}`]));
      expect(await outcomes(own.loadBalancer, 80)).toEqual({ ctl: 'TIMEOUT', p1a: 'connected', node1: 'TIMEOUT' });
      await node.put('a/a', ranged([`${own.other}/${family === 'IPv4' ? 32 : 128}`]));
      expect(await outcomes(own.loadBalancer, 80)).toEqual({ ctl: 'connected', p1a: 'TIMEOUT', node1: 'TIMEOUT' });
      await node.put('a/a', ranged([]));
      expect(await outcomes(own.loadBalancer, 80)).toEqual({ ctl: 'connected', p1a: 'connected', node1: 'connected' });
    });

    it('admit the address itself where they admit the node', async () => {
      const width = family === 'IPv4' ? 32 : 128;
      await lab.run('node1', 'ip', 'addr', 'add', `${own.loadBalancer}/${width}`, 'dev', 'lo');
      try {
        await node.put('a/a', ranged([`${own.node}/${width}`]));
        expect(await outcomes(own.loadBalancer, 80)).toEqual({ ctl: 'TIMEOUT', p1a: 'TIMEOUT', node1: 'connected' });
      } finally {
        await lab.run('node1', 'ip', 'addr', 'del', `${own.loadBalancer}/${width}`, 'dev', 'lo');
      }
    });
  });

  describe('cluster IPs', () => {
    it('refuse ports and protocols that the Service does not have; unallocated addresses are dropped', async () => {
      await node.put('a/a', everyKind(setOf(['p2a'])));
      for (const from of ['p1a', 'node1', 'ctl'] as const) {
        expect(await dial(from, own.cluster, 81), from).toEqual([{ error: 'ECONNREFUSED' }]);
        expect(await dial(from, own.cluster, 80, 'udp'), from).toEqual([{ error: 'ECONNREFUSED' }]);
        expect(await dial(from, own.unallocated, 80), from).toEqual([{ error: 'TIMEOUT' }]);
      }
    });

    it('keep the address of pods only', async () => {
      await node.put('a/a', everyKind(setOf(['p2a'])));
      expect(await clientSeen('p1a', own.cluster, 80)).toBe('client');
      expect(await clientSeen('ctl', own.cluster, 80)).toBe('node');
    });

    it('have the endpoints of the node for everyone with internalTrafficPolicy Local', async () => {
      const frontend = aFrontend({ family, address: own.cluster, trafficPolicy: 'Local', endpointSet: setOf(['p1b']) });
      await node.put('a/a', [frontend]);
      for (const from of ['p1a', 'node1', 'ctl'] as const)
        expect(podsIn(await dial(from, own.cluster, 80))).toEqual(['p1b']);
      await node.put('a/a', [{ ...frontend, endpointSet: setOf([], 'Drop') }]);
      expect(await dial('p1a', own.cluster, 80)).toEqual([{ error: 'TIMEOUT' }]);
    });

    it('are refused to pods with fail mode Closed while Envoy is away, not to others', async () => {
      const closed = { dataPath: 'EnvoyTcp', failMode: 'Closed' } as const;
      await node.put('a/a', [aFrontend({ family, address: own.cluster, endpointSet: setOf(['p2a']), ...closed })]);
      expect(await dial('p1a', own.cluster, 80)).toEqual([{ error: 'ECONNREFUSED' }]);
      expect(podsIn(await dial('node1', own.cluster, 80))).toEqual(['p2a']);
      node.table.setKernelPathPods([pods.p1a[family]]);
      await node.commit();
      expect(podsIn(await dial('p1a', own.cluster, 80))).toEqual(['p2a']);
      node.table.setKernelPathPods([]);
      await node.commit();
    });
  });

  it('node ports follow the addresses of the node', async () => {
    await node.put('a/a', everyKind(setOf(['p2a'])));
    const added = family === 'IPv4' ? '192.168.50.51' : 'fd00:50::51';
    await lab.run('node1', 'ip', 'addr', 'add', `${added}/${family === 'IPv4' ? 24 : 64}`, 'dev', 'eth0');
    expect(await dial('ctl', added, nodePort)).toEqual([{ error: 'ECONNREFUSED' }]);
    node.table.elements.setNodeAddresses({ primary: own.node, nodePorts: [own.node, added] });
    await node.commit();
    expect(podsIn(await dial('ctl', added, nodePort))).toEqual(['p2a']);
    node.table.elements.setNodeAddresses({ primary: own.node, nodePorts: [added] });
    await node.commit();
    expect(await dial('ctl', own.node, nodePort)).toEqual([{ error: 'ECONNREFUSED' }]);
  });

  describe('with other ways to recognise pods', () => {
    const detectors: readonly (readonly [string, PodDetector, string, string])[] = [
      ['a prefix of interfaces', { cidrs: [], interfaces: { kind: 'Prefix', text: 'v-' } }, 'client', 'node'],
      ['one interface', { cidrs: [], interfaces: { kind: 'Name', text: 'v-p1a' } }, 'client', 'node'],
      ['none', { cidrs: [] }, 'client', 'client'],
    ];
    it.each(detectors)('%s: the address that endpoints see', async (_name, detector, pod, other) => {
      await open(detector);
      await node.put('a/a', everyKind(setOf(['p2a'])));
      expect(await clientSeen('p1a', own.cluster, 80)).toBe(pod);
      if (other === 'node') expect(await clientSeen('ctl', own.cluster, 80)).toBe('node');
    });

    it('every connection is masqueraded where that is asked for', async () => {
      await open({ cidrs: [own.podCidr] }, { masqueradeAll: true });
      await node.put('a/a', everyKind(setOf(['p2a'])));
      expect(await clientSeen('p1a', own.cluster, 80)).toBe('node');
    });
  });
});

function podsIn(results: readonly DialResult[]): readonly string[] {
  return [...new Set(results.map((result) => ('echo' in result ? result.echo.pod : result.error)))].sort();
}
