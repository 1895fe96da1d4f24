// Clients of other languages: what each prints of the answers it got must be the same directly and through Envoy.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../testbed/run.ts';
import { type Address, Loopback } from '../translate/support/loopback.ts';
import { http1Server, http2Server } from './server.ts';

const folder = import.meta.dirname;
const built = join(folder, '../../.cache/clients');

interface Client {
  readonly name: string;
  readonly server: 'Http1' | 'Http2';
  readonly command: readonly string[];
  /** A line that shows that the client really did what it is here for. */
  readonly shows: string;
}

const clients: readonly Client[] = [
  { name: "Java's HttpClient", server: 'Http1', command: java('jdk'), shows: 'WebSocket hello' },
  { name: "Java's HttpClient, HTTP/1.1", server: 'Http1', command: java('jdk-http1'), shows: 'WebSocket hello' },
  {
    name: 'Apache HttpClient',
    server: 'Http1',
    command: java('apache'),
    shows: 'GET /reason 200 All Is Well GET /reason ',
  },
  {
    name: 'Python',
    server: 'Http1',
    command: ['python3', join(folder, 'python/clients.py')],
    shows: 'WebSocket HTTP/1.1 101 Switching Protocols hello',
  },
  {
    name: 'Go',
    server: 'Http1',
    command: [join(built, 'go-clients'), 'http1'],
    shows: 'POST /trailers 200 OK trailer 6 7',
  },
  {
    name: 'Go, HTTP/2',
    server: 'Http2',
    command: [join(built, 'go-clients'), 'h2c'],
    shows: 'POST /trailers 200 OK trailer 6 7',
  },
];

function java(client: string): readonly string[] {
  return ['java', '-cp', `${join(built, 'java/classes')}:${join(built, 'java/lib')}/*`, 'Clients', client];
}

describe('clients of other languages', () => {
  let loopback: Loopback;
  const addresses: Partial<Record<Client['server'], { readonly direct: Address; readonly proxied: Address }>> = {};

  beforeAll(async () => {
    loopback = await Loopback.start();
    for (const [kind, server] of [
      ['Http1', http1Server()],
      ['Http2', http2Server()],
    ] as const) {
      const port = await loopback.listen(server);
      const proxied = await loopback.service(kind.toLowerCase(), kind === 'Http1' ? 'http' : 'http2', [port]);
      addresses[kind] = { direct: { host: '127.0.0.1', port }, proxied };
    }
  });

  afterAll(() => loopback.close());

  it.each(clients)('$name gets the same answers through Envoy', async ({ server, command, shows }) => {
    const outputs = [];
    for (const path of ['direct', 'proxied'] as const) {
      const { host, port } = addresses[server]?.[path] ?? { host: '', port: 0 };
      outputs.push((await run([...command, `http://${host}:${port}`], { timeoutMs: 60_000 })).split('\n'));
    }
    const [direct, proxied] = outputs;
    expect(proxied).toEqual(direct);
    expect(direct).toContain(shows);
  });
});
