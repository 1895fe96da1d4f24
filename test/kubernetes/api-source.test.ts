import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ApiSource } from '../../src/kubernetes/api/api-source.ts';
import type { ReflectorLimits } from '../../src/kubernetes/api/limits.ts';
import { convertNode } from '../../src/kubernetes/convert-node.ts';
import type { KubernetesKind } from '../../src/kubernetes/kinds.ts';
import type { ModelUpdate } from '../../src/model/model.ts';
import { ApiServer, firstStartMs, skipsApiServer, waitForAccess } from '../support/api-server.ts';
import { CertificateAuthority } from '../support/certificates.ts';
import { endpointSlice, namespace, node, readerRole, service } from '../support/kubernetes-objects.ts';
import { coreKinds } from './core-kinds.ts';
import { ModelRecorder } from './model-recorder.ts';
import { TcpGate } from './tcp-gate.ts';

type LogLine = Readonly<Record<string, unknown>>;

interface Running {
  readonly source: ApiSource;
  readonly recorder: ModelRecorder;
  readonly logs: readonly LogLine[];
}

interface RunOptions {
  readonly limits?: Partial<ReflectorLimits>;
  /** Certificate of the authority that is trusted; default the server's. */
  readonly authority?: string;
  readonly kinds?: readonly KubernetesKind[];
}

const tokens = {
  'reader-1': { name: 'reader' },
  'nobody-1': { name: 'nobody' },
  'narrow-1': { name: 'narrow' },
};

const absentMessage = 'Found no objects of an optional kind; they are looked for again from time to time';

/** A kind of this test only; its objects become nodes of the model. */
const widgets: KubernetesKind = {
  kind: 'Node',
  apiVersion: 'test.example.com/v1',
  resource: 'widgets',
  scope: 'Cluster',
  presence: 'Optional',
  selectors: {},
  convert: convertNode,
};

const widgetDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.test.example.com' },
  spec: {
    group: 'test.example.com',
    scope: 'Cluster',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

function widget(name: string): object {
  return { apiVersion: 'test.example.com/v1', kind: 'Widget', metadata: { name } };
}

describe.skipIf(skipsApiServer)('ApiSource on a real API server', () => {
  let server: ApiServer;
  let gate: TcpGate;
  const running: ApiSource[] = [];

  beforeAll(async () => {
    server = await ApiServer.start({ tokens });
    gate = await TcpGate.open(server.port);
    await server.apply(namespace('shop'), ...readerRole('reader'), ...readerRole('certified'));
    await waitForAccess(server, 'reader', 'services');
  }, firstStartMs);

  afterEach(async () => {
    await Promise.all(running.splice(0).map((source) => source.stop()));
  });

  afterAll(async () => {
    await gate?.close();
    await server?.stop();
  });

  function run(name: string, user: object, options: RunOptions = {}): Running {
    const { authority, kinds = coreKinds } = options;
    const path = server.writeKubeconfig(name, { user, port: gate.port, ...(authority && { authority }) });
    const logs: LogLine[] = [];
    let recorder: ModelRecorder | undefined;
    const write = (line: string) => {
      logs.push(JSON.parse(line));
      recorder?.wake();
    };
    const source = new ApiSource({
      origin: { kind: 'Kubeconfig', path },
      logger: pino({ level: 'debug' }, { write }),
      limits: { backOffCapMs: 1_000, ...options.limits },
      kinds,
    });
    running.push(source);
    recorder = ModelRecorder.of(source);
    return { source, recorder, logs };
  }

  async function runSynced(name = 'reader', user: object = { token: 'reader-1' }): Promise<Running> {
    const result = run(name, user);
    await result.recorder.until(() => result.recorder.isSynced);
    return result;
  }

  const lists = (source: ApiSource) => [...source.stats().values()].map((stats) => stats.lists);
  const deletions = (batch: readonly ModelUpdate[] | undefined) =>
    batch?.filter((update) => update.value === undefined).map((update) => update.key);

  it('brings Services, EndpointSlices and Nodes into the model, and what becomes of them', async () => {
    const { recorder, source } = await runSynced();
    const { model } = recorder;
    expect(model.services.get('default/kubernetes')?.clusterIPs).toEqual(['10.96.0.1']);
    const web = endpointSlice('shop/web-1', 'web', ['10.1.0.1', '10.1.0.2']);
    await server.apply(service('shop/web', { clusterIP: '10.96.1.1' }), web, node('n1', 'zone-1'));
    await recorder.until(() => model.services.has('shop/web') && model.nodes.has('n1'));
    await recorder.until(() => model.slicesOf('shop/web').length === 1);
    expect(model.services.get('shop/web')).toMatchObject({ clusterIPs: ['10.96.1.1'], ports: [{ port: 80 }] });
    expect(model.slicesOf('shop/web')[0]?.endpoints.map((endpoint) => endpoint.address)).toEqual([
      '10.1.0.1',
      '10.1.0.2',
    ]);
    expect(model.nodes.get('n1')).toMatchObject({ name: 'n1', zone: 'zone-1' });

    await server.apply(endpointSlice('shop/web-1', 'web', ['10.1.0.3']), node('n1', 'zone-2'));
    await recorder.until(() => model.slicesOf('shop/web')[0]?.endpoints.length === 1);
    await recorder.until(() => model.nodes.get('n1')?.zone === 'zone-2');

    await server.kubectl(['delete', 'service/web', 'endpointslice/web-1', '-n', 'shop']);
    await server.kubectl(['delete', 'node/n1']);
    await recorder.until(() => !model.services.has('shop/web') && model.slicesOf('shop/web').length === 0);
    await recorder.until(() => model.nodes.size === 0);
    expect(lists(source)).toEqual([1, 1, 1]);
    expect(recorder.problemsByOrigin).toEqual(new Map());
  });

  it('follows the label that gives a Service to another proxy, and leaves headless Services out', async () => {
    const { recorder } = await runSynced();
    const { model } = recorder;
    await server.apply(service('shop/headless', { clusterIP: 'None' }), service('shop/moving'));
    await recorder.until(() => model.services.has('shop/moving'));
    const label = ['label', 'service/moving', '-n', 'shop'];
    await server.kubectl([...label, 'service.kubernetes.io/service-proxy-name=other']);
    await recorder.until(() => !model.services.has('shop/moving'));
    await server.kubectl([...label, 'service.kubernetes.io/service-proxy-name-']);
    await recorder.until(() => model.services.has('shop/moving'));
    const headless = recorder.batches.flat().filter((update) => update.key === 'shop/headless');
    expect(headless.filter(({ value }) => value !== undefined)).toEqual([]);
    await server.kubectl(['delete', 'service/moving', 'service/headless', '-n', 'shop']);
    await recorder.until(() => !model.services.has('shop/moving'));
  });

  it('resumes without listing after its connections broke, deletions included', async () => {
    await server.apply(service('shop/gone'), service('shop/kept'));
    const { recorder, source } = await runSynced();
    gate.cut();
    await server.kubectl(['delete', 'service/gone', '-n', 'shop']);
    await server.apply(service('shop/new'));
    await recorder.until(() => (source.stats().get('services')?.errors ?? 0) > 1);
    expect([...recorder.model.services.keys()].sort()).toEqual(['default/kubernetes', 'shop/gone', 'shop/kept']);
    gate.mend();
    await recorder.until(() => recorder.model.services.has('shop/new'));
    expect([...recorder.model.services.keys()].sort()).toEqual(['default/kubernetes', 'shop/kept', 'shop/new']);
    expect(lists(source)).toEqual([1, 1, 1]);
    await server.kubectl(['delete', 'service/kept', 'service/new', '-n', 'shop']);
  });

  it('notices connections that let no byte through', async () => {
    const { recorder, source } = run('reader', { token: 'reader-1' }, { limits: { watchIdleMs: 1_000 } });
    await recorder.until(() => [...source.stats().values()].every((stats) => stats.watches > 0));
    gate.freeze();
    await server.apply(service('shop/unheard'));
    await recorder.until(() => recorder.model.services.has('shop/unheard'));
    expect(lists(source)).toEqual([1, 1, 1]);
    await server.kubectl(['delete', 'service/unheard', '-n', 'shop']);
  });

  it('finds what was deleted while it was away from a server that was restarted', async () => {
    await server.apply(...['a', 'b', 'c'].map((name) => service(`shop/${name}`)), node('n2', ''));
    const { recorder, source } = await runSynced();
    const before = recorder.batches.length;
    gate.cut();
    await server.kubectl(['delete', 'service/a', 'service/b', '-n', 'shop']);
    await server.kubectl(['delete', 'node/n2']);
    await server.killApiServer();
    await server.startApiServer({ tokens });
    expect(recorder.model.services.has('shop/a')).toBe(true);
    gate.mend();
    await recorder.until(() => recorder.model.nodes.size === 0 && lists(source)[0] === 2);
    const told = recorder.batches.slice(before).find((batch) => batch.some((update) => update.key === 'shop/a'));
    expect(deletions(told)?.sort()).toEqual(['shop/a', 'shop/b']);
    expect([...recorder.model.services.keys()].sort()).toEqual(['default/kubernetes', 'shop/c']);
    await server.kubectl(['delete', 'service/c', '-n', 'shop']);
  });

  it('keeps its state while the server is down and continues when it is back', async () => {
    await server.apply(service('shop/steady'));
    const { recorder, source, logs } = await runSynced();
    await server.killApiServer();
    await recorder.until(() => (source.stats().get('services')?.errors ?? 0) > 1);
    expect(recorder.model.services.has('shop/steady')).toBe(true);
    await server.startApiServer({ tokens });
    await server.apply(service('shop/after'));
    await recorder.until(() => recorder.model.services.has('shop/after'));
    expect(recorder.model.services.has('shop/steady')).toBe(true);
    expect(deletions(recorder.batches.flat())).toEqual([]);
    expect(logs.filter((line) => line['level'] === 50)[0]?.['reason']).toContain(`https://127.0.0.1:${gate.port}`);
    await server.kubectl(['delete', 'service/steady', 'service/after', '-n', 'shop']);
  });

  it('lists again when etcd was compacted past the version it had got to', async () => {
    await server.apply(service('shop/old'));
    await server.killApiServer();
    // Without its cache the API server passes each watch on to etcd, which then tells of the compaction itself.
    await server.startApiServer({ tokens, flags: ['--watch-cache=false'] });
    const { recorder, source, logs } = await runSynced();
    gate.cut();
    await server.kubectl(['delete', 'service/old', '-n', 'shop']);
    await server.apply(service('shop/young'));
    await server.compact();
    gate.mend();
    // What is new is told before what has gone.
    await recorder.until(() => lists(source)[0] === 2);
    expect([...recorder.model.services.keys()].sort()).toEqual(['default/kubernetes', 'shop/young']);
    const lost = logs.find((line) => line['msg'] === 'Lost track of objects; they are listed again');
    expect(lost).toMatchObject({ reason: expect.stringContaining('410') });
    await server.kubectl(['delete', 'service/young', '-n', 'shop']);
    await server.killApiServer();
    await server.startApiServer({ tokens });
  });

  it('reads a rotated token file as soon as the old token is refused', async () => {
    const tokenFile = join(server.folder, 'token');
    writeFileSync(tokenFile, 'reader-1\n');
    const { recorder, logs } = await runSynced('rotating', { tokenFile });
    writeFileSync(tokenFile, 'reader-2\n');
    await server.killApiServer();
    await server.startApiServer({ tokens: { 'reader-2': { name: 'reader' }, 'nobody-1': { name: 'nobody' } } });
    expect(await server.send('GET', '/api/v1/nodes', { token: 'reader-1' })).toMatchObject({ status: 401 });
    await server.apply(service('shop/rotated'));
    await recorder.until(() => recorder.model.services.has('shop/rotated'));
    expect(logs.filter((line) => String(line['reason']).includes('401'))).toEqual([]);
    await server.kubectl(['delete', 'service/rotated', '-n', 'shop']);
    await server.killApiServer();
    await server.startApiServer({ tokens });
  });

  it('is ready without an optional kind, reads it once it is installed, and drops it when it is removed', async () => {
    const admin = { user: { token: 'admin-token' }, port: gate.port };
    const { source, recorder, logs } = run('admin', admin.user, {
      limits: { absentPollMs: 200 },
      kinds: [...coreKinds, widgets],
    });
    await recorder.until(() => recorder.isSynced);
    expect(source.blockers()).toEqual([]);
    await server.apply(widgetDefinition);
    await server.kubectl(['wait', '--for=condition=Established', `crd/${widgetDefinition.metadata.name}`]);
    await server.apply(widget('first'));
    await recorder.until(() => recorder.model.nodes.has('first'));
    await server.apply(widget('second'));
    await recorder.until(() => recorder.model.nodes.has('second'));
    expect(source.stats().get('widgets')).toMatchObject({ lists: 1, objects: 2 });
    await server.kubectl(['delete', `crd/${widgetDefinition.metadata.name}`]);
    await recorder.until(() => recorder.model.nodes.size === 0);
    await recorder.until(() => logs.filter((line) => line['msg'] === absentMessage).length === 2);
    await server.apply(widgetDefinition);
    await server.kubectl(['wait', '--for=condition=Established', `crd/${widgetDefinition.metadata.name}`]);
    await server.apply(widget('third'));
    await recorder.until(() => recorder.model.nodes.has('third'));
    await server.kubectl(['delete', `crd/${widgetDefinition.metadata.name}`]);
  });

  it('does not wait for an optional kind that it may not read, and reads it once it may', async () => {
    await server.apply(...readerRole('narrow'));
    await waitForAccess(server, 'narrow', 'services');
    const secrets: KubernetesKind = { ...widgets, apiVersion: 'v1', resource: 'secrets' };
    const { recorder, source } = run(
      'narrow',
      { token: 'narrow-1' },
      { limits: { absentPollMs: 200 }, kinds: [...coreKinds, secrets] },
    );
    await recorder.until(() => recorder.isSynced);
    expect(source.stats().get('secrets')).toMatchObject({ lists: 0 });
    await server.apply(...readerRole('narrow', ['services', 'nodes', 'secrets']));
    await recorder.until(() => source.stats().get('secrets')?.lists === 1);
  });

  it('comes in with a client certificate', async () => {
    const { certificate, key } = await server.authority.issueClient('certified');
    const { recorder } = await runSynced('certified', { 'client-certificate': certificate, 'client-key': key });
    expect(recorder.model.services.has('default/kubernetes')).toBe(true);
  });

  it('comes in with what an exec plugin gives', async () => {
    const plugin = join(server.folder, 'plugin.sh');
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential' };
    const answer = JSON.stringify({ ...credential, status: { token: 'reader-1' } });
    writeFileSync(plugin, `#!/bin/sh\n[ -n "$KUBERNETES_EXEC_INFO" ] && echo '${answer}'\n`, { mode: 0o755 });
    const { apiVersion } = credential;
    const { recorder } = await runSynced('exec', {
      exec: { apiVersion, command: './plugin.sh', interactiveMode: 'Never' },
    });
    expect(recorder.model.services.has('default/kubernetes')).toBe(true);
  });

  it('comes in with the service account of a pod', async () => {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'shop', name: 'controller' } };
    await server.apply(account, ...readerRole('system:serviceaccount:shop:controller'));
    await waitForAccess(server, 'system:serviceaccount:shop:controller', 'nodes');
    writeFileSync(join(server.folder, 'token'), await server.kubectl(['create', 'token', 'controller', '-n', 'shop']));
    expect(await runInPod(server)).toEqual({ services: ['default/kubernetes'] });
  });

  it('says what it may not read, and reads it once it may', async () => {
    const { recorder, source, logs } = run('nobody', { token: 'nobody-1' });
    const refused = () => logs.filter((line) => line['msg'] === 'Could not list objects');
    await recorder.until(() => new Set(refused().map((line) => line['resource'])).size === 3);
    expect(refused().map((line) => line['reason'])).toContain(
      `API server https://127.0.0.1:${gate.port} answered 403 Forbidden: endpointslices.discovery.k8s.io is forbidden: ` +
        'User "nobody" cannot list resource "endpointslices" in API group "discovery.k8s.io" at the cluster scope',
    );
    expect(source.blockers()).toEqual(['services', 'endpointslices', 'nodes']);
    expect(recorder.isSynced).toBe(false);
    await server.apply(...readerRole('nobody'));
    await recorder.until(() => recorder.isSynced);
    expect(source.blockers()).toEqual([]);
  });

  it('says that its token is unknown', async () => {
    const { recorder, logs } = run('unknown', { token: 'who' });
    await recorder.until(() => logs.some((line) => line['msg'] === 'Could not list objects'));
    const reasons = logs.map((line) => line['reason']).filter(Boolean);
    expect(reasons[0]).toBe(`API server https://127.0.0.1:${gate.port} answered 401 Unauthorized: Unauthorized`);
  });

  it('says that it does not trust the certificate of the server', async () => {
    mkdirSync(join(server.folder, 'other'));
    const other = await CertificateAuthority.create(join(server.folder, 'other'));
    const { recorder, logs } = run('distrust', { token: 'reader-1' }, { authority: other.certificate });
    await recorder.until(() => logs.some((line) => line['msg'] === 'Could not list objects'));
    const reasons = logs.map((line) => line['reason']).filter(Boolean);
    expect(reasons[0]).toMatch(/^API server https:.* could not be reached: .*certificate/);
  });

  it('lists 10,000 Services in pages, and keeps of them only what is used', async () => {
    await server.seed(new Map(Array.from({ length: 10_000 }, (_, n) => [`services/specs/shop/many-${n}`, stored(n)])));
    const before = usedHeapBytes();
    const { recorder, source, logs } = await runSynced();
    expect(recorder.model.services.size).toBe(10_001);
    const kept = usedHeapBytes() - before;
    const listed = logs.find((line) => line['msg'] === 'Listed objects' && line['resource'] === 'services');
    expect(listed).toMatchObject({ objects: 10_001, pages: 21 });
    // The annotations alone are 40 MB.
    expect(kept).toBeLessThan(20_000_000);
    await server.kubectl(['delete', 'service/many-5000', '-n', 'shop']);
    await recorder.until(() => recorder.model.services.size === 10_000);
    expect(lists(source)).toEqual([1, 1, 1]);
  });
});

/** Runs a source where a pod finds its service account, in a mount namespace of its own; gives what it learned. */
async function runInPod(server: ApiServer): Promise<unknown> {
  const account = '/run/secrets/kubernetes.io/serviceaccount';
  const script = [
    'mount -t tmpfs tmpfs /run',
    `mkdir -p ${account}`,
    `cp ${join(server.folder, 'ca.crt')} ${join(server.folder, 'token')} ${account}`,
    `exec ${process.execPath} ${join(import.meta.dirname, 'in-cluster-main.ts')}`,
  ].join(' && ');
  const env = { ...process.env, KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(server.port) };
  const { stdout } = await promisify(execFile)('unshare', ['--mount', 'sh', '-c', script], { env });
  return JSON.parse(stdout);
}

/** A Service as an API server stores it, with 4 kB of what nobody uses. */
function stored(n: number): object {
  const clusterIP = `10.100.${n >> 8}.${n & 255}`;
  const ports = [{ name: 'web', protocol: 'TCP', port: 80, targetPort: 8080 }];
  const metadata = {
    uid: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
  return service(
    `shop/many-${n}`,
    { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ipFamilies: ['IPv4'], ports, sessionAffinity: 'None' },
    { ...metadata, annotations: { 'example.com/bulk': 'x'.repeat(4_000) } },
  );
}

/** After a full garbage collection. */
function usedHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
