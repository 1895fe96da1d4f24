// On a real API server: pods are read only with policies, and how soon a policy counts.
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Controller } from '../../src/controller/controller.ts';
import { typeUrls } from '../../src/resources/type-urls.ts';
import { ApiServer, firstStartMs, skipsApiServer } from '../support/api-server.ts';
import { endpointSlice, namespace, node, service } from '../support/kubernetes-objects.ts';
import { AdsClient } from '../support/xds-client.ts';
import { waitUntil } from '../testbed/wait.ts';

const cluster = { pods: 2_000, nodes: 100 };

/** As etcd holds it. */
function storedPod(n: number): readonly [string, object] {
  const [name, ip] = [`web-${n}`, `10.${(n >> 8) + 16}.${n & 255}.1`];
  const metadata = {
    ...{ name, namespace: 'shop', labels: { app: 'web', n: String(n) }, creationTimestamp: '2026-01-01T00:00:00Z' },
    uid: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  };
  const spec = { nodeName: `node-${n % cluster.nodes}`, containers: [{ name: 'web', image: 'web' }] };
  const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }] };
  return [`pods/shop/${name}`, { apiVersion: 'v1', kind: 'Pod', metadata, spec, status }];
}

const policy = (direction: 'Ingress' | 'Egress') => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: direction.toLowerCase(), namespace: 'shop' },
  spec: { podSelector: { matchLabels: { n: '5' } }, policyTypes: [direction] },
});
const policies = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';

describe.skipIf(skipsApiServer)('NetworkPolicies on a real API server', () => {
  let api: ApiServer;
  let controller: Controller;
  let address: string;
  const clients: AdsClient[] = [];

  beforeAll(async () => {
    api = await ApiServer.start();
    await api.apply(namespace('shop'), node('node-5', ''), node('node-6', ''));
    await api.apply(
      service('shop/web', { clusterIP: '10.96.77.10' }),
      endpointSlice('shop/web-1', 'web', ['10.16.5.1']),
    );
    await api.seed(new Map(Array.from({ length: cluster.pods }, (_, n) => storedPod(n))));
    const addresses = { xdsAddress: '127.0.0.1:0', adminAddress: '127.0.0.1:0' };
    const logger = pino({ level: 'silent' });
    controller = await Controller.create({ kubeconfig: api.kubeconfig, ...addresses, file: undefined, logger });
    address = `127.0.0.1:${(await controller.start()).xds.port}`;
  }, firstStartMs);

  afterAll(async () => {
    for (const client of clients) client.close();
    await controller?.stop();
    await api?.stop();
  });

  /** What an agent was told last of a resource, and how often it was told. */
  function agentOf(nodeName: string, typeUrl: string, name: string) {
    const client = new AdsClient(address, 'node', { id: nodeName });
    clients.push(client);
    const told: unknown[] = [];
    client.send({ typeUrl, resourceNamesSubscribe: [typeUrl === typeUrls.nodeView ? nodeName : '*'] });
    void (async () => {
      for (;;) {
        const { resources } = await client.nextAndAck();
        told.push(...resources.filter((one) => one.name === name).map(({ body }) => body));
      }
    })().catch(() => undefined);
    return told;
  }

  const podsRead = () => [...controller.model.keys('Pod')].length;
  const pathsOf = (view: unknown) =>
    (view as { frontends: { dataPath?: string }[] }).frontends.map((one) => one.dataPath ?? 'KERNEL');

  async function create(direction: 'Ingress' | 'Egress'): Promise<void> {
    expect(await api.send('POST', policies, { body: policy(direction) })).toMatchObject({ status: 201 });
  }

  it('reads no pods without a policy', () => {
    expect(podsRead()).toBe(0);
    expect(controller.model.kernelPathPodsOf('node-5')).toEqual([]);
  });

  it('reads them with the first, and within a second has its clients and endpoints take the kernel path', async () => {
    const nodeViews = agentOf('node-5', typeUrls.nodeView, 'node-5');
    const views = agentOf('node-5', typeUrls.serviceView, 'shop/web');
    const others = agentOf('node-6', typeUrls.serviceView, 'shop/web');
    await waitUntil(() => views.length === 1 && others.length === 1 && nodeViews.length === 1, { what: 'the views' });
    expect(pathsOf(views[0])).toEqual(['ENVOY_TCP']);

    const start = performance.now();
    await create('Ingress');
    await waitUntil(() => pathsOf(views.at(-1))[0] === 'KERNEL', { what: 'the view of the Service' });
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(pathsOf(others.at(-1))).toEqual(['ENVOY_TCP']);
    expect(podsRead()).toBe(cluster.pods);

    const again = performance.now();
    await create('Egress');
    await waitUntil(() => nodeViews.length === 2, { what: 'the view of the node' });
    const second = performance.now() - again;
    expect(second).toBeLessThan(1_000);
    expect(nodeViews[1]).toMatchObject({ kernelPathPods: [expect.anything()] });
  });

  it('forgets the pods with the last', async () => {
    for (const name of ['ingress', 'egress']) await api.send('DELETE', `${policies}/${name}`);
    await waitUntil(() => podsRead() === 0, { what: 'the pods to be forgotten' });
    expect(controller.model.policedNodesOf('shop/web')).toBeUndefined();
    await create('Ingress');
    await waitUntil(() => podsRead() === cluster.pods, { what: 'the pods to be read again' });
    expect(controller.model.policedNodesOf('shop/web')).toEqual(new Set(['node-5']));
  });
});
