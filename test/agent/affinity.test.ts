import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aFrontend, endpointSet, tableOptions } from '../support/frontends.ts';
import { now, waitUntil } from '../testbed/wait.ts';
import { KernelNode } from './support/kernel-node.ts';
import { echoPorts, Lab, type PodName, pods } from './support/lab.ts';

const own = {
  IPv4: { node: '192.168.50.1', cluster: '10.96.0.1', second: '10.96.0.2', podCidr: '10.244.1.0/24' },
  IPv6: { node: 'fd00:50::1', cluster: 'fd00:96::1', second: 'fd00:96::2', podCidr: 'fd00:244:1::/64' },
} as const;

const nodePort = 30_080;
const all: readonly PodName[] = ['p1a', 'p1b', 'p2a'];

describe.each(['IPv4', 'IPv6'] as const)('sessionAffinity ClientIP, %s', (family) => {
  const { node: nodeAddress, cluster, second, podCidr } = own[family];
  let lab: Lab;
  let node: KernelNode;

  beforeAll(async () => {
    lab = await Lab.open({ prefix: family === 'IPv4' ? 'flaf4-' : 'flaf6-' });
    open();
    await node.load();
  }, 60_000);

  afterAll(async () => {
    node.close();
    await lab.close();
  });

  /** As a new agent begins. */
  function open(): void {
    node?.close();
    const options = tableOptions(family === 'IPv4' ? 'ip' : 'ip6', { cidrs: [podCidr] });
    node = new KernelNode(lab.network.namespaceOf('node1'), options);
    node.table.elements.setNodeAddresses({ primary: nodeAddress, nodePorts: [nodeAddress] });
  }

  const setOf = (members: readonly PodName[]) =>
    endpointSet(
      members.map((pod) => ({ address: pods[pod][family], port: echoPorts.tcp })),
      family,
    );

  function sticky(members: readonly PodName[], affinityTimeoutSeconds: number, protocol: 'TCP' | 'UDP' = 'TCP') {
    const common = { family, endpointSet: setOf(members), affinityTimeoutSeconds, protocol };
    return [
      aFrontend({ ...common, address: cluster }),
      aFrontend({ ...common, kind: 'NodePort', address: '', port: nodePort }),
      // Another port of the Service, with an affinity of its own.
      aFrontend({ ...common, address: cluster, port: 81, portName: 'other' }),
    ];
  }

  const answering = async (
    from: PodName | 'node1',
    host: string,
    port: number,
    count = 1,
    protocol: 'tcp' | 'udp' = 'tcp',
  ) => {
    const results = await lab.dial(from, protocol, host, port, count);
    return [...new Set(results.map((result) => ('echo' in result ? result.echo.pod : result.error)))];
  };

  it.each(['tcp', 'udp'] as const)(
    'keeps a client with its endpoint at every address of the port, over %s',
    async (protocol) => {
      await node.put('a/a', sticky(all, 60, protocol === 'tcp' ? 'TCP' : 'UDP'));
      const seen = await answering('p1a', cluster, 80, 20, protocol);
      expect(seen).toHaveLength(1);
      expect(await answering('p1a', nodeAddress, nodePort, 10, protocol)).toEqual(seen);
    },
  );

  it('spreads clients over all endpoints', async () => {
    const seen = new Set<string>();
    let services = 0;
    const endpoints = setOf(all);
    await waitUntil(
      async () => {
        // A client is new to every Service.
        services += 1;
        const frontend = { family, address: second, endpointSet: endpoints, affinityTimeoutSeconds: 60 };
        await node.put('b/b', [aFrontend({ ...frontend, portName: `port-${services}` })]);
        for (const pod of await answering('p1a', second, 80)) seen.add(pod);
        return seen.size === all.length;
      },
      { what: 'a client at every endpoint', withinMs: 50_000 },
    );
    await node.put('b/b', []);
  });

  it('is kept by full loads and by a new agent', async () => {
    await node.put('a/a', sticky(all, 60));
    const seen = await answering('p1a', cluster, 80, 3);
    await node.load();
    expect(await answering('p1a', cluster, 80, 10)).toEqual(seen);
    open();
    // Another Service takes the numbers that this one had.
    node.table.elements.put('0/0', [aFrontend({ family, address: second, endpointSet: setOf(['p2a']) })]);
    node.table.elements.put('a/a', sticky(['p2a', 'p1b', 'p1a'], 60));
    await node.load();
    expect(await answering('p1a', cluster, 80, 10)).toEqual(seen);
    await node.put('0/0', []);
  });

  it('picks another endpoint when its own is gone, and stays with that', async () => {
    await node.put('a/a', sticky(all, 60));
    const [first] = await answering('p1a', cluster, 80, 3);
    await node.put(
      'a/a',
      sticky(
        all.filter((pod) => pod !== first),
        60,
      ),
    );
    const then = await answering('p1a', cluster, 80, 10);
    expect(then).toHaveLength(1);
    expect(then).not.toContain(first);
    await node.put('a/a', sticky(all, 60));
    expect(await answering('p1a', cluster, 80, 10)).toEqual(then);
  });

  it('ends after its time without a new connection, and not while there are some', async () => {
    await node.put('a/a', sticky(all, 5));
    const seen = await answering('p1a', cluster, 80);
    const started = now();
    // Longer than the time-out, but never longer than it without a connection.
    while (now() - started < 7_000) expect(await answering('p1a', cluster, 80)).toEqual(seen);
    const clients = async () =>
      lab.run('node1', 'nft', 'list', 'map', family === 'IPv4' ? 'ip' : 'ip6', 'fairlead-affinity', 'clients');
    expect(await clients()).toContain('expires');
    await waitUntil(async () => !(await clients()).includes('timeout 5s'), { what: 'the client to be forgotten' });
  });

  it('uses only endpoints of the policy of the address', async () => {
    const common = { family, affinityTimeoutSeconds: 60 };
    const node1 = setOf(['p1b']);
    await node.put('a/a', [
      aFrontend({ ...common, address: cluster, endpointSet: setOf(['p2a']) }),
      aFrontend({
        ...common,
        kind: 'NodePort',
        address: '',
        port: nodePort,
        trafficPolicy: 'Local',
        endpointSet: node1,
      }),
    ]);
    expect(await answering('p1a', cluster, 80, 3)).toEqual(['p2a']);
    expect(await answering('p1a', nodeAddress, nodePort, 3)).toEqual(['p1b']);
    expect(await answering('p1a', cluster, 80, 3)).toEqual(['p2a']);
  });

  it('leaves the priority of packets at 0', async () => {
    await lab.run(
      'node1',
      'nft',
      `table inet seen { chain c { type filter hook postrouting priority 300; meta l4proto tcp meta priority != 0 counter; }; }`,
    );
    await node.put('a/a', sticky(['p2a'], 60));
    await answering('p1a', cluster, 80, 3);
    await answering('node1', cluster, 80, 3);
    const counted = await lab.run('node1', 'nft', 'list', 'table', 'inet', 'seen');
    await lab.run('node1', 'nft', 'delete', 'table', 'inet', 'seen');
    expect(counted).toContain('counter packets 0');
  });
});
