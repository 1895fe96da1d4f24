import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OwnScript, startOwnScript } from './own-script.ts';
import { run } from './run.ts';

type Ports = { readonly http: number; readonly control: number };
let script: OwnScript<Ports>;
let ports: Ports;

beforeAll(async () => {
  script = await startOwnScript<Ports>('./echo-server.ts', [
    '--pod',
    'catalog-1',
    '--node',
    'node1',
    '--http',
    '0',
    '--control',
    '127.0.0.1:0',
  ]);
  ports = script.announced;
});

afterAll(() => script.stop());

it('speaks HTTP/1.1 and HTTP/2 on one port', async () => {
  for (const [flag, version] of [
    ['--http1.1', '1.1'],
    ['--http2-prior-knowledge', '2.0'],
  ] as const) {
    const answer = JSON.parse(await run(['curl', '-sS', flag, `http://127.0.0.1:${ports.http}/items?x=1`]));
    const identity = { pod: 'catalog-1', node: 'node1', clientAddress: '127.0.0.1' };
    expect(answer).toMatchObject({ ...identity, httpVersion: version, method: 'GET', path: '/items?x=1' });
  }
});

it('answers with the status that is asked for', async () => {
  expect((await fetch(`http://127.0.0.1:${ports.http}/?status=418`)).status).toBe(418);
});

it('echoes unary gRPC messages', async () => {
  const client = new grpc.Client(`127.0.0.1:${ports.http}`, grpc.credentials.createInsecure());
  const same = (bytes: Buffer) => bytes;
  const answer = await new Promise((resolve, reject) => {
    client.makeUnaryRequest('/shop.Recommendations/List', same, same, Buffer.from('hello'), (error, value) =>
      error === null ? resolve(value?.toString()) : reject(error),
    );
  });
  client.close();
  expect(answer).toBe('hello');
});

it('echoes WebSocket messages', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${ports.http}/`);
  const message = await new Promise((resolve, reject) => {
    socket.onopen = () => socket.send('hello');
    socket.onmessage = (event) => resolve(event.data);
    socket.onerror = reject;
  });
  const closed = new Promise((resolve) => {
    socket.onclose = resolve;
  });
  socket.close();
  await closed;
  expect(message).toBe('hello');
});

it('passes the trace on when it calls another service', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const to = encodeURIComponent(`http://127.0.0.1:${ports.http}/next`);
  const response = await fetch(`http://127.0.0.1:${ports.http}/forward?to=${to}`, { headers: { traceparent } });
  expect(await response.json()).toMatchObject({
    next: { status: 200, body: { path: '/next', headers: { traceparent } } },
  });
});

it('refuses a fault that it does not know', async () => {
  const url = `http://127.0.0.1:${ports.control}/fault`;
  const put = async (fault: object) => (await fetch(url, { method: 'PUT', body: JSON.stringify(fault) })).text();
  expect(await put({ statsu: 503 })).toContain('statsu: no such fault');
  expect(await put({ status: 'bad' })).toContain('status: not an integer');
  expect(await put({ connections: 'drop' })).toContain('connections: neither');
  expect(await put({})).toContain('"fault":{}');
});
