// The whole product on a real API server: from `kubectl apply` to a changed answer through Envoy.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiServer, firstStartMs, skipsApiServer } from '../support/api-server.ts';
import { startEcho } from '../testbed/echo-pod.ts';
import { type Network, openNetwork, type Topology } from '../testbed/network.ts';
import { ProcessGroup } from '../testbed/process.ts';
import { fetchJsonFrom, requestFrom } from '../testbed/request.ts';
import { run } from '../testbed/run.ts';
import { waitUntil } from '../testbed/wait.ts';

const root = resolve(import.meta.dirname, '../..');
const fairlead = [process.execPath, join(root, 'src/cli/main.ts')];
const clusterIP = '10.96.77.10';
/** This machine's own place in the testbed's network: the API server and the controller run outside it, on loopback. */
const host = { address: '192.168.50.200', link: 'flx-host' };

const topology: Topology = {
  prefix: 'flx-',
  control: { ipv4: '192.168.50.100', ipv6: 'fd00:50::64' },
  nodes: [
    {
      name: 'node1',
      ipv4: '192.168.50.1',
      ipv6: 'fd00:50::1',
      podCidrs: { ipv4: '10.244.1.0/24', ipv6: 'fd00:244:1::/64' },
      pods: [
        { name: 'client', ipv4: '10.244.1.10' },
        { name: 'echo-1', ipv4: '10.244.1.11' },
        { name: 'echo-2', ipv4: '10.244.1.12' },
      ],
    },
  ],
};

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node1', labels: { 'topology.kubernetes.io/zone': 'a' } },
};

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'echo', namespace: 'default' },
  spec: { clusterIP, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
};

function sliceTo(address: string): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'echo-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'echo' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [{ addresses: [address], conditions: { ready: true }, nodeName: 'node1' }],
  };
}

describe.skipIf(skipsApiServer)('fairlead on a real API server', () => {
  const processes = new ProcessGroup();
  const directory = mkdtempSync(join(tmpdir(), 'fairlead-e2e-'));
  let api: ApiServer;
  let network: Network;

  beforeAll(async () => {
    api = await ApiServer.start();
    network = await openNetwork(topology);
    await joinHost(network);
    const ports = { node: 'node1', directory, network, http: 8080 };
    await Promise.all(['echo-1', 'echo-2'].map((pod) => startEcho(processes, { ...ports, pod })));
    await api.apply(node, service, sliceTo('10.244.1.11'));
    await startController();
    await startAgent();
  }, firstStartMs);

  afterAll(async () => {
    await processes.stopAll();
    await network?.close();
    await api?.stop();
    rmSync(directory, { recursive: true });
  });

  async function startController(): Promise<void> {
    const flags = ['--kubeconfig', api.kubeconfig, '--xds-address', `${host.address}:18000`, '--insecure-plaintext'];
    await processes.start({
      name: 'controller',
      command: [...fairlead, 'controller', ...flags, '--admin-address', '127.0.0.1:18061'],
      logFile: join(directory, 'controller.log'),
      ready: async () => (await fetch('http://127.0.0.1:18061/readyz')).status === 200,
    });
  }

  async function startAgent(): Promise<void> {
    const flags = ['--node-name', 'node1', '--controller', `${host.address}:18000`, '--pod-cidr', '10.244.1.0/24'];
    const envoy = ['--bootstrap', join(directory, 'envoy.yaml'), '--envoy', join(root, '.cache/bin/envoy')];
    await processes.start({
      name: 'agent',
      namespace: network.namespaceOf('node1'),
      command: [...fairlead, 'agent', ...flags, ...envoy, '--envoy-log', join(directory, 'envoy.log')],
      logFile: join(directory, 'agent.log'),
      ready: async () =>
        (await requestFrom(network.namespaceOf('node1'), 'http://127.0.0.1:10256/readyz')).status === 200,
      readyWithinMs: 60_000,
    });
  }

  function call(): Promise<{ readonly pod: string; readonly clientAddress: string }> {
    return fetchJsonFrom(network.namespaceOf('client'), `http://${clusterIP}/`, { timeoutMs: 3000 });
  }

  /** Requests that Envoy carried to the Service's endpoints. */
  async function carriedByEnvoy(): Promise<number> {
    const url = 'http://127.0.0.1:15000/stats?usedonly&filter=upstream_rq_total';
    const { body } = await requestFrom(network.namespaceOf('node1'), url);
    return Number(/default\/echo\/http\.upstream_rq_total: (\d+)/.exec(body)?.[1] ?? 0);
  }

  async function answersFrom(pod: string): Promise<void> {
    await waitUntil(async () => (await call()).pod === pod, { what: `an answer of ${pod}`, withinMs: 30_000 });
  }

  it('carries a request through Envoy with the client address kept', async () => {
    const carried = async () => {
      const answer = await call();
      expect(answer).toMatchObject({ pod: 'echo-1', clientAddress: '10.244.1.10' });
      return (await carriedByEnvoy()) > 0;
    };
    await waitUntil(carried, { what: 'Envoy to carry a request', withinMs: 30_000 });
  });

  it('follows kubectl apply', async () => {
    const before = await carriedByEnvoy();
    await api.apply(sliceTo('10.244.1.12'));
    await answersFrom('echo-2');
    expect(await carriedByEnvoy()).toBeGreaterThan(before);
  });

  it('keeps serving while the API server is unavailable, and follows it again afterwards', async () => {
    await api.killApiServer();
    expect((await call()).pod).toBe('echo-2');
    await api.startApiServer();
    await api.apply(sliceTo('10.244.1.11'));
    await answersFrom('echo-1');
    const metrics = await (await fetch('http://127.0.0.1:18061/metrics')).text();
    expect(metrics).toMatch(/fairlead_source_lists_total\{kind="endpointslices"\} [1-9]/);
    expect(metrics).toMatch(/fairlead_source_errors_total\{kind="endpointslices"\} [1-9]/);
  });

  it('refuses connections once there is no endpoint', async () => {
    await api.kubectl(['delete', 'endpointslice', 'echo-1']);
    const refused = async () => {
      const text = await call().then(JSON.stringify, String);
      return /refused|Failed to connect|Couldn't connect/i.test(text);
    };
    await waitUntil(refused, { what: 'a connection to be refused', withinMs: 30_000 });
  });
});

/** Plugs this machine into the bridge of the testbed; the link goes with the testbed's namespace. */
async function joinHost({ namespaceOf }: Network): Promise<void> {
  const fabric = namespaceOf('fabric');
  await run(['ip', 'link', 'add', host.link, 'type', 'veth', 'peer', 'name', 'p-host', 'netns', fabric]);
  await run(['ip', 'addr', 'add', `${host.address}/24`, 'dev', host.link]);
  await run(['ip', 'link', 'set', host.link, 'up']);
  await run(['ip', 'link', 'set', 'p-host', 'master', 'br0', 'up'], { namespace: fabric });
}
