// What operators rely on, with kube-proxy's ports, bodies and rules, on a real node.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelUpdate } from '../../src/model/model.ts';
import { aNode, anEndpoint, aPort, aService, aSlice, serviceUpdate, sliceUpdate } from '../support/builders.ts';
import type { Answer } from '../testbed/request.ts';
import { requestFrom } from '../testbed/request.ts';
import { waitUntil } from '../testbed/wait.ts';
import { echoPorts, Lab, pods } from './support/lab.ts';

const checkPort = 30_123;
const node1 = { IPv4: '192.168.50.1', IPv6: 'fd00:50::1' } as const;
const address = (text: string) => ({ kind: 'Internal', address: text }) as const;

function nodeUpdate(isLeaving: boolean): ModelUpdate {
  const addresses = [address(node1.IPv4), address(node1.IPv6)];
  return { kind: 'Node', key: 'node1', value: aNode({ name: 'node1', addresses, isLeaving }) };
}

function balanced(changedMs: number, endpoint: string = pods.p1a.IPv4): readonly ModelUpdate[] {
  const external = {
    type: 'LoadBalancer',
    externalIPs: [],
    loadBalancer: [{ address: '192.0.2.10', ipMode: 'VIP' }],
    trafficPolicy: 'Local',
    sourceRanges: [],
    healthCheckNodePort: checkPort,
    allocatesNodePorts: false,
  } as const;
  const nodeName = endpoint === pods.p1a.IPv4 ? 'node1' : 'node2';
  const service = aService({
    name: 'lb',
    clusterIPs: ['10.96.0.20'],
    ports: [aPort({ name: 'tcp', port: 80 })],
    external,
  });
  const endpoints = [anEndpoint(endpoint, { nodeName })];
  const ports = [{ name: 'tcp', protocol: 'TCP', port: echoPorts.tcp }] as const;
  const slice = aSlice({ namespace: service.namespace, name: 'lb-1', serviceName: 'lb', ports, endpoints, changedMs });
  return [serviceUpdate(service), sliceUpdate(slice)];
}

/** Its view is the same for all nodes, so its changes are measured. */
function measured(changedMs: number, addresses: readonly string[]): readonly ModelUpdate[] {
  const service = aService({ name: 'plain', clusterIPs: ['10.96.0.21'], ports: [aPort({ name: 'tcp', port: 80 })] });
  const ports = [{ name: 'tcp', protocol: 'TCP', port: echoPorts.tcp }] as const;
  const endpoints = addresses.map((each) => anEndpoint(each, { nodeName: 'node1' }));
  const slice = aSlice({
    namespace: service.namespace,
    name: 'plain-1',
    serviceName: 'plain',
    ports,
    endpoints,
    changedMs,
  });
  return [serviceUpdate(service), sliceUpdate(slice)];
}

describe('what operators rely on', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.open({ prefix: 'flop-' });
    await lab.startController();
    await lab.update([nodeUpdate(false), ...balanced(0), ...measured(0, [pods.p1a.IPv4])]);
    await lab.startAgent('node1', [...lab.envoyArgs('node1'), '--nodeport-addresses', '192.168.50.0/24,fd00:50::/64']);
  });

  afterAll(() => lab.close());

  const ask = (url: string, from = 'node1'): Promise<Answer> => requestFrom(lab.network.namespaceOf(from), url);

  const isAnswered = (url: string, status: number) =>
    waitUntil(async () => (await ask(url).catch(() => undefined))?.status === status, { what: `${url}: ${status}` });

  it('tells load balancers that the node is healthy, on every address, until it leaves', async () => {
    await isAnswered('http://127.0.0.1:10256/healthz', 200);
    const { body, headers } = await ask(`http://${node1.IPv4}:10256/healthz`, 'p2a');
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-content-type-options': 'nosniff' });
    expect(body).toMatch(
      /^\{"lastUpdated":"[^"]+","currentTime":"[^"]+","nodeEligible":true,"healthy":true,"status":\{"IPv4":\{"lastUpdated":"[^"]+","healthy":true\},"IPv6":\{"lastUpdated":"[^"]+","healthy":true\}\}\}$/,
    );
    expect((await ask(`http://[${node1.IPv6}]:10256/livez`, 'p2a')).status).toBe(200);
    await lab.update([nodeUpdate(true)]);
    await isAnswered('http://127.0.0.1:10256/healthz', 503);
    expect((await ask('http://127.0.0.1:10256/livez')).status).toBe(200);
    await lab.update([nodeUpdate(false)]);
    await isAnswered('http://127.0.0.1:10256/healthz', 200);
  });

  it("answers on kube-proxy's metrics port", async () => {
    const mode = await ask('http://127.0.0.1:10249/proxyMode');
    expect([mode.status, mode.body, mode.headers['x-fairlead-data-path']]).toEqual([200, 'nftables', 'envoy']);
    expect((await ask('http://127.0.0.1:10249/healthz')).body).toBe('ok');
    const configz = JSON.parse((await ask('http://127.0.0.1:10249/configz')).body);
    expect(configz).toMatchObject({ 'config.fairlead.dev': { kind: 'AgentConfiguration', hostnameOverride: 'node1' } });
    await expect(ask(`http://${node1.IPv4}:10249/metrics`, 'p2a')).rejects.toThrow();
  });

  it("opens a Service's health-check port on the node's addresses as they change, and counts ready endpoints", async () => {
    const url = `http://${node1.IPv4}:${checkPort}/`;
    await isAnswered(url, 200);
    const { body, headers } = await ask(`http://[${node1.IPv6}]:${checkPort}/`, 'p2a');
    expect(JSON.parse(body)).toEqual({
      service: { namespace: 'shop', name: 'lb' },
      localEndpoints: 1,
      serviceProxyHealthy: true,
    });
    expect(headers['x-load-balancing-endpoint-weight']).toBe('1');
    await expect(ask(`http://127.0.0.1:${checkPort}/`)).rejects.toThrow();
    await lab.run('node1', 'ip', 'address', 'add', '192.168.50.77/32', 'dev', 'lo');
    await isAnswered(`http://192.168.50.77:${checkPort}/`, 200);
    await lab.run('node1', 'ip', 'address', 'del', '192.168.50.77/32', 'dev', 'lo');
    await lab.update(balanced(0, pods.p2a.IPv4));
    await isAnswered(url, 503);
    await waitUntil(
      async () =>
        (await ask('http://127.0.0.1:10249/metrics')).body.includes(
          'kubeproxy_sync_proxy_rules_no_local_endpoints_total{traffic_policy="external",ip_family="IPv4"} 1',
        ),
      { what: 'the metric' },
    );
  });

  it('measures how long programming took, until Envoy has the change, too', async () => {
    await waitUntil(async () => (await lab.envoyState('node1')) === 'Connected', { what: 'Envoy to be connected' });
    // Envoy fetches a cluster when it is first used.
    await lab.dial('p1b', 'tcp', '10.96.0.21', 80, 1);
    const statistic = 'http://127.0.0.1:15000/stats?filter=update_time';
    await waitUntil(async () => (await ask(statistic)).body.includes('cluster.shop/plain/tcp.update_time'), {
      what: "Envoy's endpoints of the Service",
    });
    await lab.update(measured(Date.now(), [pods.p1a.IPv4, pods.p1b.IPv4]));
    const name = 'kubeproxy_network_programming_duration_seconds_count{ip_family="IPv4"}';
    await waitUntil(async () => ((await lab.metric('node1', name)) ?? 0) === 1, { what: 'a measured change' });
    expect(await lab.metric('node1', 'fairlead_agent_unconfirmed_changes_total')).toBe(0);
    expect(await lab.metric('node1', 'kubeproxy_sync_proxy_rules_endpoint_changes_pending')).toBe(0);
  });
});
