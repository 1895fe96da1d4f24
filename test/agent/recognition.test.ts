import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aFrontend, endpointSet, tableOptions } from '../support/frontends.ts';
import { startEcho } from '../testbed/echo-pod.ts';
import { waitUntil } from '../testbed/wait.ts';
import { KernelNode } from './support/kernel-node.ts';
import { echoPorts, Lab, leastEnvoyPort, pods, serviceUpdate, sliceUpdate } from './support/lab.ts';

const httpPort = { name: 'http', protocol: 'TCP', port: echoPorts.http } as const;
const vips = { IPv4: '10.96.0.30', IPv6: 'fd00:96::30' } as const;

describe('connections of Envoy, recognised by conntrack', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.open({ prefix: 'flrc-' });
    await lab.startController();
    await lab.update([
      serviceUpdate('web', [vips.IPv4, vips.IPv6], [{ name: 'http', port: 80, appProtocol: 'http' }]),
      sliceUpdate('web', 'IPv4', [httpPort], ['p2a']),
      sliceUpdate('web', 'IPv6', [httpPort], ['p2a']),
    ]);
    await lab.startAgent('node1', lab.envoyArgs('node1'));
    await waitUntil(async () => (await lab.envoyState('node1')) === 'Connected', { what: 'Envoy to be connected' });
    await waitUntil(async () => (await lab.metric('node1', 'fairlead_agent_missing_scopes')) === 0, {
      what: 'Envoy to have the scopes',
    });
  });

  afterAll(() => lab.close());

  it.each(['IPv4', 'IPv6'] as const)('learn of a smaller MTU on the path, %s', async (family) => {
    const flag = family === 'IPv4' ? '-4' : '-6';
    await lab.run('node2', 'ip', flag, 'route', 'change', pods.p2a[family], 'dev', 'v-p2a', 'mtu', '1300');
    const host = family === 'IPv4' ? vips.IPv4 : `[${vips.IPv6}]`;
    const post = `head -c 20000 /dev/zero | curl -s -m 10 -o /dev/null -w '%{http_code}' --data-binary @- http://${host}/`;
    expect(await lab.run('p1a', 'sh', '-c', post)).toBe('200');
  });
});

describe('a node without CIDRs of its pods', () => {
  let lab: Lab;
  let node: KernelNode;

  beforeAll(async () => {
    lab = await Lab.open({ prefix: 'flrn-' });
    const pods = { cidrs: [], interfaces: { kind: 'Prefix', text: 'v-' } } as const;
    node = new KernelNode(lab.network.namespaceOf('node1'), tableOptions('ip', pods));
    await node.load();
  });

  afterAll(async () => {
    node.close();
    await lab.close();
  });

  // The API server, etcd and the kubelet have the node's address, and are endpoints (default/kubernetes).
  it("leaves the node's connections to its own address alone, although that is an endpoint", async () => {
    const { network, directory, processes } = lab;
    const port = 9_001;
    await startEcho(processes, { network, pod: 'node1', node: 'node1', directory, tcp: port });
    const own = { address: '192.168.50.1', port };
    await node.put('a/a', [aFrontend({ endpointSet: endpointSet([own]) })]);
    const results = await lab.dial('node1', 'tcp', own.address, own.port, 20);
    // Masquerading chooses any port.
    const ports = results.map((result) => ('echo' in result ? result.echo.clientPort : 0));
    expect(ports.filter((clientPort) => clientPort < leastEnvoyPort)).toEqual([]);
  });
});
