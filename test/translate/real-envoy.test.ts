// What was translated, in a real Envoy. Without redirection the address that a client connects to is the listener's own,
// so the Services here have cluster IPs of 127.0.0.0/8 and the listeners' ports.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http2 from 'node:http2';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ModelStore } from '../../src/model/model.ts';
import type { ServicePolicy } from '../../src/model/policy.ts';
import type { AppProtocol } from '../../src/model/service.ts';
import { defaultSettings, type TranslateSettings } from '../../src/translate/settings.ts';
import { commonUnit } from '../../src/translate/units/common-unit.ts';
import { endpointsUnit } from '../../src/translate/units/endpoints-unit.ts';
import { serviceUnit } from '../../src/translate/units/service-unit.ts';
import { asked } from '../support/policy.ts';
import { replaceEach } from '../support/replace-each.ts';
import { type ExportRequest, type Span, spansOf } from '../testbed/otlp/span.ts';
import { Envoy } from '../xds/lib/envoy.ts';
import { TestServer } from '../xds/lib/test-server.ts';
import { eventually } from '../xds/lib/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairlead-real-envoy-'));
const accessLog = join(folder, 'access.log');
const model = new ModelStore();
const spans: Span[] = [];
const closers: (() => unknown)[] = [];
let settings: TranslateSettings;
let server: TestServer;
let envoy: Envoy;
let ports: { readonly http: number; readonly tcp: number };
let addresses = 1;

beforeAll(async () => {
  const tracing = { collector: { address: '127.0.0.1', port: await startCollector() }, samplingPercent: 0 };
  const listeners = { tcpListenerPort: 0, httpListenerPort: 0, families: ['IPv4'] } as const;
  settings = { ...defaultSettings, ...listeners, tracing, accessLog: { kind: 'File', path: accessLog } };
  server = await TestServer.start();
  replaceEach(server.cache, commonUnit.translate(new ModelStore(), '', settings).entries);
  envoy = await Envoy.start(Number(server.address.split(':')[1]), 'DELTA_GRPC', true);
  ports = { http: await envoy.port('http'), tcp: await envoy.port('tcp') };
});

afterAll(async () => {
  await envoy.stop();
  await server.close();
  for (const close of closers) close();
  rmSync(folder, { recursive: true });
});

async function startCollector(): Promise<number> {
  const proto = fileURLToPath(new URL('../testbed/protos/otlp-trace.proto', import.meta.url));
  const definition = loadSync(proto, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });
  const collector = new grpc.Server();
  closers.push(() => collector.forceShutdown());
  collector.addService(definition['opentelemetry.proto.collector.trace.v1.TraceService'] as grpc.ServiceDefinition, {
    Export: (call: grpc.ServerUnaryCall<ExportRequest, object>, answer: grpc.sendUnaryData<object>) => {
      spans.push(...spansOf(call.request));
      answer(null, {});
    },
  });
  return new Promise((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    collector.bindAsync('127.0.0.1:0', credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}

/** A TCP server on a port of its own. */
async function endpoint(serve: (socket: Socket) => void): Promise<number> {
  const listening = createServer((socket) => serve(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  closers.push(() => listening.close());
  return (listening.address() as AddressInfo).port;
}

/** Answers each request with what came over the wire. */
function echoing(status = '200 OK', headers = ''): (socket: Socket) => void {
  return (socket) => {
    socket.on('data', (data) => {
      socket.write(`HTTP/1.1 ${status}\r\n${headers}Content-Length: ${data.length}\r\n\r\n`);
      socket.write(data);
    });
  };
}

/** tcpmux (RFC 1078), where nothing listens. */
const refusing = 1;

/** Makes a Service `shop/NAME` of endpoints on these ports, and gives its address once Envoy has a way to it. */
async function service(name: string, appProtocol: AppProtocol, targets: readonly number[], policy: ServicePolicy = {}) {
  addresses += 1;
  const address = { host: `127.0.0.${addresses}`, port: appProtocol === 'tcp' ? ports.tcp : ports.http };
  const common = { namespace: 'shop', createdAt: '' };
  const traffic = { internalTrafficPolicy: 'Cluster', sessionAffinity: { kind: 'None' } } as const;
  const conditions = { ready: true, serving: true, terminating: false, hintZones: [], hintNodes: [] };
  const value = {
    ...common,
    ...traffic,
    name,
    clusterIPs: [address.host],
    ports: [{ name: 'main', protocol: 'TCP', port: address.port, appProtocol }],
    policy,
  } as const;
  const slices = targets.map((port, index) => ({
    kind: 'EndpointSlice' as const,
    key: `shop/${name}-${index}`,
    value: {
      ...common,
      name: `${name}-${index}`,
      serviceName: name,
      family: 'IPv4' as const,
      ports: [{ name: 'main', protocol: 'TCP' as const, port }],
      endpoints: [{ address: '127.0.0.1', ...conditions }],
    },
  }));
  model.apply([{ kind: 'Service', key: `shop/${name}`, value }, ...slices]);
  const { entries, problems } = serviceUnit.translate(model, `shop/${name}`, settings);
  expect(problems).toEqual([]);
  replaceEach(server.cache, [...entries, ...endpointsUnit.translate(model, `shop/${name}`, settings).entries]);
  // Until Envoy has heard of the scope it answers 404; TCP connections wait for their cluster by themselves.
  const isKnown = (answer: string) => !answer.startsWith('HTTP/1.1 404');
  if (appProtocol !== 'tcp') await eventually(`a way to shop/${name}`, () => get(address), isKnown);
  return address;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Sends text and gives all that comes back until the other side closes. */
async function exchange(address: Address, sent: string): Promise<string> {
  const socket = connect(address);
  socket.write(sent);
  return text(socket);
}

function get(address: Address, ...headers: readonly string[]): Promise<string> {
  return exchange(address, ['GET / HTTP/1.1', 'Host: shop', ...headers, 'Connection: close', '', ''].join('\r\n'));
}

it('leaves a request and its answer as they were sent', async () => {
  const address = await service('web', 'http', [
    await endpoint(echoing('200 Fine', 'SeRvEr: own\r\nX-Mixed: Yes\r\n')),
  ]);
  const request = [
    'GET /a//b/../c%2Fd/?q=%20 HTTP/1.1',
    'Host: Shop.Example:80',
    'X-CamelCase: Yes',
    'x_under_score: 1',
    'X-Request-Id: not-a-uuid',
    'X-Forwarded-For: 192.0.2.1, 192.0.2.2',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Client-Cert: By=spiffe://a',
    'Authorization: Basic xyz',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
  ];
  const answer = await exchange(address, [...request, 'Connection: close', '', ''].join('\r\n'));
  const [head = '', ...rest] = answer.split('\r\n\r\n');
  expect(head.split('\r\n')).toEqual(expect.arrayContaining(['SeRvEr: own', 'X-Mixed: Yes']));
  expect(head).not.toMatch(/x-envoy/i);
  const received = rest.join('\r\n\r\n').trim().split('\r\n');
  const isOurs = (line: string) => /^(traceparent|tracestate):/.test(line);
  expect(received.filter((line) => !isOurs(line)).sort()).toEqual(request.slice(0, -1).sort());
  expect(received.filter(isOurs).join()).toMatch(/00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00/);
});

it('speaks HTTP/2 to endpoints of a plain http port when the client does', async () => {
  const seen: string[] = [];
  const backend = http2.createServer((request, response) => {
    seen.push(`${request.httpVersion} ${request.url}`);
    response.end('over 2');
  });
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  closers.push(() => backend.close());
  const address = await service('h2c', 'http', [(backend.address() as AddressInfo).port]);
  const session = http2.connect(`http://${address.host}:${address.port}`);
  expect(await text(session.request({ ':path': '/x' }))).toBe('over 2');
  session.close();
  expect(seen).toEqual(['2.0 /x']);
});

it('passes WebSocket upgrades on', async () => {
  const upgrading = (socket: Socket) => {
    let upgraded = false;
    socket.on('data', (data) => {
      if (upgraded) return socket.end(`heard ${data}`);
      upgraded = data.includes('websocket');
      const head = upgraded ? '101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade' : '200 OK';
      return socket.write(`HTTP/1.1 ${head}\r\n${upgraded ? '' : 'Content-Length: 0\r\n'}\r\n`);
    });
  };
  const address = await service('socket', 'websocket', [await endpoint(upgrading)]);
  const socket = connect(address);
  socket.write('GET / HTTP/1.1\r\nHost: shop\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  const [head] = (await once(socket, 'data')) as [Buffer];
  expect(head.toString()).toMatch(/^HTTP\/1.1 101/);
  socket.write('hello');
  expect(await text(socket)).toBe('heard hello');
});

it('fails no connection for an endpoint that refuses', async () => {
  const address = await service('half', 'tcp', [refusing, await endpoint((socket) => socket.end('here'))]);
  for (let attempt = 0; attempt < 40; attempt += 1) expect(await text(connect(address))).toBe('here');
  expect(await envoy.stat('cluster.shop/half/main.outlier_detection.ejections_active')).toBe(1);
});

it('leaves out an endpoint that answers 503, but not one that answers 500', async () => {
  const good = await endpoint(echoing());
  const ill = await service('ill', 'http', [good, await endpoint(echoing('503 Ill'))]);
  await eventually(
    'an ejection',
    async () => {
      await get(ill);
      return envoy.stat('cluster.shop/ill/main.outlier_detection.ejections_active');
    },
    (active) => active === 1,
  );
  for (let attempt = 0; attempt < 20; attempt += 1) expect(await get(ill)).toMatch(/^HTTP\/1.1 200/);
  const odd = await service('odd', 'http', [good, await endpoint(echoing('500 On purpose'))]);
  for (let attempt = 0; attempt < 40; attempt += 1) await get(odd);
  expect(await envoy.stat('cluster.shop/odd/main.outlier_detection.ejections_active')).toBe(0);
});

it("keeps to a Service's cap of connections", async () => {
  const greet = (socket: Socket) => socket.write('hello');
  const address = await service('capped', 'tcp', [await endpoint(greet)], asked({ maxConnections: 1 }));
  const first = connect(address);
  await once(first, 'data');
  expect(await text(connect(address))).toBe('');
  first.destroy();
  expect(await envoy.stat('cluster.shop/capped/main.upstream_cx_overflow')).toBe(1);
});

it("names the Service in spans and keeps to its sampling, and to the client's", async () => {
  const target = [await endpoint(echoing())];
  const sampled = await service('sampled', 'http', target, asked({ tracingSamplingPercent: 100 }));
  const other = await service('unsampled', 'http', target);
  expect(await get(sampled)).toMatch(/traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01/);
  expect(await get(other)).toMatch(/traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00/);
  const parent = '00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  expect(await get(other, `traceparent: ${parent}`)).toMatch(/00-1af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01/);
  const wanted = [`shop/sampled:${ports.http}`, `shop/unsampled:${ports.http}`];
  const named = () => new Set(spans.map(({ name }) => name));
  await eventually('spans', named, (names) => wanted.every((name) => names.has(name)));
  expect(spans.filter(({ name }) => name === wanted[1])).toHaveLength(1);
});

it('names the Service in the access log', async () => {
  const http = await service('logged-http', 'http', [await endpoint(echoing())]);
  const tcp = await service('logged-tcp', 'tcp', [await endpoint((socket) => socket.end('here'))]);
  await get(http);
  await text(connect(tcp));
  const lines = () =>
    readFileSync(accessLog, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const of = (name: string) => lines().find((line) => line['service'] === name);
  await eventually(
    'log lines',
    () => [of('shop/logged-http/main'), of('shop/logged-tcp/main')],
    (found) => found.every(Boolean),
  );
  expect(of('shop/logged-http/main')).toMatchObject({
    status: 200,
    path: '/',
    destination: `${http.host}:${http.port}`,
  });
});
