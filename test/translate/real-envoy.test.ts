// What was translated, in a real Envoy.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asked } from '../support/policy.ts';
import { eventually } from '../support/until.ts';
import { type ExportRequest, type Span, spansOf } from '../testbed/otlp/span.ts';
import { exchange, get, Loopback } from './support/loopback.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairlead-real-envoy-'));
const accessLog = join(folder, 'access.log');
const spans: Span[] = [];
const closers: (() => unknown)[] = [];
let loopback: Loopback;

beforeAll(async () => {
  const tracing = { collector: { address: '127.0.0.1', port: await startCollector() }, samplingPercent: 0 };
  loopback = await Loopback.start({ tracing, accessLog: { kind: 'File', path: accessLog } });
});

afterAll(async () => {
  await loopback.close();
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

it('leaves a request and its answer as they were sent', async () => {
  const address = await loopback.service('web', 'http', [
    await loopback.endpoint(echoing('200 Fine', 'SeRvEr: own\r\nX-Mixed: Yes\r\n')),
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
  const address = await loopback.service('h2c', 'http', [await loopback.listen(backend)]);
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
  const address = await loopback.service('socket', 'websocket', [await loopback.endpoint(upgrading)]);
  const socket = connect(address);
  socket.write('GET / HTTP/1.1\r\nHost: shop\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  const [head] = (await once(socket, 'data')) as [Buffer];
  expect(head.toString()).toMatch(/^HTTP\/1.1 101/);
  socket.write('hello');
  expect(await text(socket)).toBe('heard hello');
});

it('fails no connection for an endpoint that refuses', async () => {
  const address = await loopback.service('half', 'tcp', [
    refusing,
    await loopback.endpoint((socket) => socket.end('here')),
  ]);
  for (let attempt = 0; attempt < 40; attempt += 1) expect(await text(connect(address))).toBe('here');
  expect(await loopback.envoy.stat('cluster.shop/half/main.outlier_detection.ejections_active')).toBe(1);
});

it('fails no connection for an endpoint that refuses and is the only one for this client until it is ejected', async () => {
  const targets = [refusing, await loopback.endpoint((socket) => socket.end('here'))];
  const address = await loopback.service('pinned', 'tcp', targets, asked({ loadBalancing: 'RingHash' }));
  // The source address is hashed; half of these belong to the endpoint that refuses.
  const clients = Array.from({ length: 20 }, (_none, index) => ({ ...address, localAddress: `127.0.1.${index + 1}` }));
  for (const client of clients) expect(await text(connect(client))).toBe('here');
  expect(await loopback.envoy.stat('cluster.shop/pinned/main.outlier_detection.ejections_active')).toBe(1);
});

describe('outlier detection', () => {
  const ejected = (name: string) => loopback.envoy.stat(`cluster.shop/${name}/main.outlier_detection.ejections_active`);

  it('ejects no endpoint for its answers, 503 on purpose or any other', async () => {
    const meant = await loopback.endpoint(echoing('503 On purpose'));
    const address = await loopback.service('meant', 'http', [
      meant,
      await loopback.endpoint(echoing('503 On purpose')),
    ]);
    for (let attempt = 0; attempt < 12; attempt += 1) expect(await get(address)).toMatch(/^HTTP\/1.1 503 On purpose/);
    expect(await ejected('meant')).toBe(0);
  });

  it('ejects an endpoint that answers 5xx where the Service says how many are too many', async () => {
    const good = await loopback.endpoint(echoing());
    const policy = asked({ outlierConsecutiveErrors: 3 });
    for (const status of ['503 Ill', '500 Ill']) {
      const name = `ill-${status.slice(0, 3)}`;
      const address = await loopback.service(name, 'http', [good, await loopback.endpoint(echoing(status))], policy);
      const ask = () => get(address).then(() => ejected(name));
      await eventually('an ejection', ask, (active) => active === 1);
      for (let attempt = 0; attempt < 20; attempt += 1) expect(await get(address)).toMatch(/^HTTP\/1.1 200/);
    }
  });
});

describe('retries', () => {
  it('add at most a quarter to the load of a Service that fails', async () => {
    let requests = 0;
    const failing = http.createServer((_, response) => {
      requests += 1;
      setTimeout(() => response.writeHead(503).end(), 20);
    });
    const address = await loopback.service(
      'outage',
      'http',
      [await loopback.listen(failing)],
      asked({ retries: 3, retryOn: ['5xx'] }),
    );
    requests = 0;
    const client = async () => {
      for (let turn = 0; turn < 5; turn += 1) expect(await get(address)).toMatch(/^HTTP\/1.1 503/);
    };
    await Promise.all(Array.from({ length: 40 }, client));
    expect(requests).toBeLessThanOrEqual(200 / 0.8 + 3);
    expect(await loopback.envoy.stat('cluster.shop/outage/main.upstream_rq_retry_overflow')).toBeGreaterThan(0);
  });

  it('find another endpoint for each of a hundred requests at once when one refuses', async () => {
    const good = await loopback.endpoint(echoing());
    const address = await loopback.service('burst', 'http', [refusing, good]);
    const answers = await Promise.all(Array.from({ length: 100 }, () => get(address)));
    expect(answers.filter((answer) => !answer.startsWith('HTTP/1.1 200'))).toEqual([]);
  });
});

it("keeps to a Service's cap of connections", async () => {
  const greet = (socket: Socket) => socket.write('hello');
  const address = await loopback.service(
    'capped',
    'tcp',
    [await loopback.endpoint(greet)],
    asked({ maxConnections: 1 }),
  );
  const first = connect(address);
  await once(first, 'data');
  expect(await text(connect(address))).toBe('');
  first.destroy();
  expect(await loopback.envoy.stat('cluster.shop/capped/main.upstream_cx_overflow')).toBe(1);
});

it("names the Service in spans and keeps to its sampling, and to the client's", async () => {
  const target = [await loopback.endpoint(echoing())];
  const sampled = await loopback.service('sampled', 'http', target, asked({ tracingSamplingPercent: 100 }));
  const other = await loopback.service('unsampled', 'http', target);
  expect(await get(sampled)).toMatch(/traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01/);
  expect(await get(other)).toMatch(/traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00/);
  const parent = '00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  expect(await get(other, `traceparent: ${parent}`)).toMatch(/00-1af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01/);
  const wanted = [`shop/sampled:${loopback.ports.http}`, `shop/unsampled:${loopback.ports.http}`];
  const named = () => new Set(spans.map(({ name }) => name));
  await eventually('spans', named, (names) => wanted.every((name) => names.has(name)));
  expect(spans.filter(({ name }) => name === wanted[1])).toHaveLength(1);
});

it('names the Service in the access log', async () => {
  const http = await loopback.service('logged-http', 'http', [await loopback.endpoint(echoing())]);
  const tcp = await loopback.service('logged-tcp', 'tcp', [await loopback.endpoint((socket) => socket.end('here'))]);
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
