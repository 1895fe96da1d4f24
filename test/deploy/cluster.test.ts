import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { KubernetesObject, V1ConfigMap, V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubernetesKinds, nameOf } from '../../src/kubernetes/kinds.ts';
import { ApiServer, firstStartMs, skipsApiServer } from '../support/api-server.ts';
import { openTunnel, startForwarder } from '../support/api-tunnel.ts';
import { endpointSlice, namespace, node, service } from '../support/kubernetes-objects.ts';
import { type Network, openNetwork } from '../testbed/network.ts';
import { ProcessGroup } from '../testbed/process.ts';
import { run } from '../testbed/run.ts';
import { waitUntil } from '../testbed/wait.ts';
import { Kubelet } from './kubernetes/kubelet.ts';
import { grantsOf, kustomize, podOf, templateOf } from './kubernetes/objects.ts';
import { makeImageContents, root } from './setup.ts';

const system = 'fairlead-system';
const nodeName = 'worker';
const nodeIp = '192.168.50.1';
const clientIp = '10.244.1.10';
const echoIps = ['10.244.1.11', '10.244.1.12'];
const clusterIp = '10.96.0.10';

const topology = {
  prefix: 'fldk-',
  nodes: [
    {
      name: nodeName,
      ipv4: nodeIp,
      ipv6: 'fd00:50::1',
      podCidrs: { ipv4: '10.244.1.0/24', ipv6: 'fd00:244:1::/64' },
      pods: [
        { name: 'client', ipv4: clientIp },
        { name: 'echo-a', ipv4: echoIps[0] ?? '' },
        { name: 'echo-b', ipv4: echoIps[1] ?? '' },
      ],
    },
  ],
  control: { ipv4: '192.168.50.100', ipv6: 'fd00:50::64' },
};

interface Answer {
  readonly pod?: string;
  readonly client?: string;
  readonly via?: string;
  readonly error?: string;
}

/**
 * The manifests on a real API server, and their Pods, as it gives them back, on a node made of network namespaces: same commands,
 * users, capabilities, volumes, environment and probes.
 */
describe.skipIf(skipsApiServer)('the Kubernetes manifests on a real API server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-deploy-'));
  const group = new ProcessGroup();
  let server: ApiServer;
  let network: Network;
  let tunnel: Server;
  let kubelet: Kubelet;
  let objects: readonly KubernetesObject[];
  let applied: string;

  beforeAll(async () => {
    await makeImageContents();
    writeFileSync(join(folder, 'audit-policy.yaml'), auditPolicy);
    const audit = [`--audit-policy-file=${join(folder, 'audit-policy.yaml')}`, `--audit-log-path=${auditLog(folder)}`];
    // As every cluster has it: kube-proxy and CNIs need it too.
    const flags = ['--allow-privileged=true', ...audit];
    server = await ApiServer.start({ flags });
    network = await openNetwork(topology);
    tunnel = await openTunnel(server.port, join(folder, 'api.sock'));
    await startForwarder(group, {
      namespace: network.namespaceOf(nodeName),
      name: nodeName,
      directory: folder,
      port: server.port,
      socket: join(folder, 'api.sock'),
    });
    objects = await kustomize(writeOverlay(folder, server.port));
    applied = await server.kubectl(['apply', '--validate=strict', '-f', '-'], toYaml(objects));
    await server.apply(
      namespace('shop'),
      node(nodeName, 'zone-a'),
      webService(),
      endpointSlice('shop/web-1', 'web', echoIps),
    );
    kubelet = new Kubelet({
      folder,
      namespace: network.namespaceOf(nodeName),
      hostIp: nodeIp,
      configMaps: configMapsOf(objects),
      serviceAccount: (name) => serviceAccountFiles(server, name),
    });
  }, firstStartMs);

  afterAll(async () => {
    await kubelet?.stop();
    await group.stopAll();
    await network?.close();
    tunnel?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('accepts every object, with unknown fields forbidden', () => {
    const lines = applied.trim().split('\n');
    expect(lines).toHaveLength(objects.length);
    for (const line of lines) expect(line).toMatch(/ created$/);
  });

  it('runs the controller with the rights of its service account', async () => {
    const pod = await admit(server, podOf('controller', system, nodeName, templateOf(objects, 'fairlead-controller')));
    await kubelet.start(pod);
    expect(await kubelet.allAlive()).toBe(true);
  });

  it('uses every right that it has, asks for no other, and needs no Service to reach the API server', async () => {
    // With a policy, pods are of use. Of kinds that are not installed nothing can be watched.
    await server.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'none', namespace: system },
      spec: { podSelector: {} },
    });
    const absent = kubernetesKinds.filter(({ kind }) => kind === 'OtherPolicy').map((kind) => `watch ${nameOf(kind)}`);
    // Events are written once an agent reports; test/controller/events.test.ts.
    const used = grantsOf(objects, 'fairlead-controller').filter(
      (grant) => !absent.includes(grant) && !grant.endsWith(' events.'),
    );
    await waitUntil(() => requestsOf('fairlead-controller', folder).length >= used.length, {
      what: 'all kinds to be watched',
    });
    expect(requestsOf('fairlead-controller', folder)).toEqual(used);
    await server.kubectl(['delete', 'networkpolicy', 'none', '-n', system]);
  });

  it('runs agent and Envoy with NET_ADMIN alone, and carries a Service from then on', async () => {
    const logFile = join(folder, 'echo.log');
    for (const name of ['echo-a', 'echo-b']) {
      const command = [process.execPath, join(root, 'deploy/compose/echo-server.ts')];
      await group.start({ name, namespace: network.namespaceOf(name), command, logFile, env: { POD_NAME: name } });
    }
    const pod = await admit(server, podOf('node', system, nodeName, templateOf(objects, 'fairlead-node')));
    expect(pod.spec?.volumes?.some(({ projected }) => projected !== undefined)).toBe(false);
    await kubelet.start(pod);
    const answers = await waitUntil(
      async () => {
        const all = await ask(network, `http://${clusterIp}/`, 10);
        return all.every(({ via }) => via === 'envoy') && all;
      },
      { what: 'Envoy to carry the Service', withinMs: 30_000 },
    );
    for (const answer of answers) expect(answer).toMatchObject({ client: clientIp, via: 'envoy' });
    expect(await kubelet.allAlive()).toBe(true);
  });

  it('carries Services beside kube-proxy, whose chain translates the same addresses', async () => {
    await run(['nft', '-f', '-'], { namespace: network.namespaceOf(nodeName), input: kubeProxyTable });
    const answers = await ask(network, `http://${clusterIp}/`, 20);
    for (const answer of answers) expect(answer).toMatchObject({ client: clientIp, via: 'envoy' });
    expect(new Set(answers.map(({ pod }) => pod)).size).toBe(2);
  });

  it('keeps the Service up on the kernel path while the node’s Pod is away', async () => {
    await kubelet.processOf('envoy').kill('SIGTERM');
    await kubelet.processOf('agent').kill('SIGTERM');
    const answers = await ask(network, `http://${clusterIp}/`, 10);
    for (const answer of answers) expect(answer).toMatchObject({ client: clientIp, via: 'kernel' });
  });

  it('leaves nothing in the kernel after the cleanup of every node', async () => {
    const at = { namespace: network.namespaceOf(nodeName) };
    const tables = async () => (await run(['nft', 'list', 'tables'], at)).trim().split('\n').sort();
    const own = ['ip fairlead', 'ip fairlead-affinity', 'ip6 fairlead', 'ip6 fairlead-affinity'];
    const expected = ['inet fairlead-settings', ...own, 'ip kube-proxy'].map((table) => `table ${table}`);
    expect(await tables()).toEqual(expected.sort());
    const cleanup = await kustomize(join(root, 'deploy/kubernetes/cleanup'));
    await server.kubectl(['apply', '--validate=strict', '-f', '-'], toYaml(cleanup));
    await kubelet.start(
      await admit(server, podOf('cleanup', system, nodeName, templateOf(cleanup, 'fairlead-cleanup'))),
    );
    expect(await tables()).toEqual(['table ip kube-proxy']);
    expect(await run(['ip', 'rule', 'list', 'pref', '90'], at)).toBe('');
  });
});

function webService(): object {
  return service('shop/web', { clusterIP: clusterIp, ports: [{ port: 80, targetPort: 8080, appProtocol: 'http' }] });
}

/** kube-proxy's part of a connection to the Service: DNAT at dstnat. Only its endpoint would ever answer, if it had its way. */
const kubeProxyTable = `
table ip kube-proxy {
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr ${clusterIp} tcp dport 80 dnat to ${echoIps[0]}:8080
  }
}
`;

/** Two requests a kind: what is read by the controller shows in it. */
const auditPolicy = `
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: Metadata
    users: ["system:serviceaccount:${system}:fairlead-controller", "system:serviceaccount:${system}:fairlead-node"]
  - level: None
`;

function auditLog(folder: string): string {
  return join(folder, 'audit.log');
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly apiGroup?: string };
  readonly requestURI: string;
}

/** What a service account asked for so far, as `verb resource`, sorted; other paths as they are. */
function requestsOf(account: string, folder: string): readonly string[] {
  const events = readFileSync(auditLog(folder), 'utf8').trim().split('\n').filter(Boolean);
  const own = events
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ user }) => user.username === `system:serviceaccount:${system}:${account}`);
  return [
    ...new Set(
      own.map(({ verb, objectRef, requestURI }) => {
        return `${verb} ${objectRef === undefined ? requestURI : `${objectRef.resource}.${objectRef.apiGroup ?? ''}`}`;
      }),
    ),
  ].sort();
}

/** As a cluster's administrator would write it, beside a copy of example/. */
function writeOverlay(folder: string, apiServerPort: number): string {
  const overlay = join(folder, 'overlay');
  mkdirSync(overlay);
  const literals = [
    'KUBERNETES_SERVICE_HOST=127.0.0.1',
    `KUBERNETES_SERVICE_PORT=${apiServerPort}`,
    `FAIRLEAD_CONTROLLERS=${nodeIp}:18000`,
    'FAIRLEAD_POD_INTERFACE=v-',
  ];
  const kustomization = {
    namespace: system,
    resources: [relative(overlay, join(root, 'deploy/kubernetes/base'))],
    configMapGenerator: [{ name: 'fairlead-cluster', behavior: 'merge', literals }],
  };
  writeFileSync(join(overlay, 'kustomization.yaml'), JSON.stringify(kustomization));
  return overlay;
}

function toYaml(objects: readonly KubernetesObject[]): string {
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}

/** Creates a Pod and gives it back as admission and defaults made it. */
async function admit(server: ApiServer, pod: V1Pod): Promise<V1Pod> {
  return JSON.parse(await server.kubectl(['create', '-o', 'json', '-f', '-'], JSON.stringify(pod))) as V1Pod;
}

function configMapsOf(objects: readonly KubernetesObject[]) {
  const maps = objects.filter(({ kind }) => kind === 'ConfigMap') as V1ConfigMap[];
  return Object.fromEntries(maps.map(({ metadata, data = {} }) => [metadata?.name ?? '', data]));
}

async function serviceAccountFiles(server: ApiServer, name: string) {
  const token = await server.kubectl(['create', 'token', name, '-n', system]);
  return { token, namespace: system, 'ca.crt': readFileSync(server.authority.certificate, 'utf8') };
}

async function ask(network: Network, url: string, count: number): Promise<readonly Answer[]> {
  const command = [process.execPath, join(root, 'deploy/compose/client.ts'), url, String(count)];
  const output = await run(command, { namespace: network.namespaceOf('client') });
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}
