import { mkdtempSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status as Code } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeMessage } from '../../src/protos/registry.ts';
import { typeUrls } from '../../src/resources/type-urls.ts';
import type { StreamRef } from '../../src/xds/server/ads-events.ts';
import { replaceEach } from '../support/replace-each.ts';
import { TestServer } from '../support/test-server.ts';
import { AdsClient } from '../support/xds-client.ts';
import { cluster, endpoints } from './lib/resources.ts';

const { cluster: cds, endpoint: eds } = typeUrls;

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.start();
});

afterEach(() => server.close());

/** What proves that the others are served: a stream that gets a resource. */
async function expectService(on: TestServer = server): Promise<void> {
  const client = on.delta();
  replaceEach(on.cache, [cluster('proof')]);
  client.send({ typeUrl: cds, resourceNamesSubscribe: ['proof'] });
  expect((await client.nextAndAck()).resources).toHaveLength(1);
  client.close();
}

/** A stream whose HTTP/2 window is never opened: what the server writes stays with it. */
function subscribeWithoutReading(address: string, names: readonly string[]): http2.ClientHttp2Session {
  const session = http2.connect(`http://${address}`, { settings: { initialWindowSize: 0 } });
  const stream = session.request({
    ':method': 'POST',
    ':path': '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const message = encodeMessage('envoy.service.discovery.v3.DeltaDiscoveryRequest', {
    node: { id: 'deaf' },
    typeUrl: eds,
    resourceNamesSubscribe: names,
  });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  stream.write(Buffer.concat([head, message]));
  stream.on('error', () => undefined);
  session.on('error', () => undefined);
  return session;
}

describe('a client that misbehaves', () => {
  it('k) may send 20 MiB of known versions when it comes back', async () => {
    replaceEach(server.cache, [cluster('X')]);
    const client = server.delta();
    const known = Object.fromEntries(
      Array.from({ length: 150_000 }, (_, index) => [`${'n'.repeat(110)}${index}`, 'v'.repeat(11)]),
    );
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'], initialResourceVersions: known });
    expect(await client.nextAndAck()).toMatchObject({ resources: [{ name: 'X' }], removed: [] });
  });

  it('k) is refused above the limit of a request', async () => {
    const small = await TestServer.start({ limits: { requestBytes: 10_000 } });
    const client = small.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['x'.repeat(20_000)] });
    expect((await client.closed).code).toBe(Code.RESOURCE_EXHAUSTED);
    await expectService(small);
    await small.close();
  });

  it('l) never reads: it holds one response of the server, and is cut off', async () => {
    const closed: [StreamRef, string][] = [];
    const deaf = await TestServer.start({
      limits: { stalledMs: 50 },
      events: { streamClosed: (stream, reason) => closed.push([stream, reason]) },
    });
    const many = Array.from({ length: 5_000 }, (_, index) => endpoints(`cluster-${index}`, [1, 2, 3, 4, 5]));
    replaceEach(deaf.cache, many);
    const session = subscribeWithoutReading(
      deaf.address,
      many.map(({ name }) => name),
    );
    const cut = new Promise((resolve) => session.once('close', resolve));
    await cut;
    expect(closed).toMatchObject([[{ node: { id: 'deaf' } }, 'stalled']]);
    expect(deaf.sent).toHaveLength(1);
    expect(deaf.ads.status()).toEqual([]);
    await expectService(deaf);
    await deaf.close();
  });

  it('never acknowledges: it is logged once, and changes cost nothing more', async () => {
    let late = 0;
    const slow = await TestServer.start({
      limits: { ackWarningMs: 40 },
      events: { acknowledgementLate: () => (late += 1) },
    });
    replaceEach(slow.cache, [endpoints('X', [1])]);
    const client = slow.delta();
    client.send({ typeUrl: eds, resourceNamesSubscribe: ['X'] });
    await client.next();
    await until(() => late > 0);
    for (let port = 2; port < 100; port++) replaceEach(slow.cache, [endpoints('X', [port])]);
    await expectService(slow);
    expect(slow.sent.filter(({ typeUrl }) => typeUrl === eds)).toHaveLength(1);
    expect(slow.log.filter(({ msg }) => msg === 'A client did not acknowledge a response in time')).toHaveLength(1);
    await slow.close();
  });

  it.each([
    ['bytes that are not a message', Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]), Code.INVALID_ARGUMENT],
    ['a truncated message', Buffer.from([0x12, 0x7f, 0x41]), Code.INVALID_ARGUMENT],
    ['an empty message', Buffer.alloc(0), Code.INVALID_ARGUMENT],
  ])('sends %s: its stream ends', async (_what, bytes, code) => {
    const client = server.delta();
    client.sendBytes(bytes);
    const { code: got, details } = await client.closed;
    expect(got).toBe(code);
    expect(details).toMatch(/request/);
    await expectService();
  });

  it.each([
    [
      'no node',
      { typeUrl: cds, resourceNamesSubscribe: ['X'] },
      'none' as const,
      /first request of the stream has no node/,
    ],
    ['no type', { resourceNamesSubscribe: ['X'] }, { id: 'n' }, /no type_url/],
    ['a name of 5,000 characters', { typeUrl: cds, resourceNamesSubscribe: ['x'.repeat(5_000)] }, { id: 'n' }, /4096/],
  ])('sends %s: its stream ends with the reason', async (_what, request, node, reason) => {
    const client = new AdsClient(server.address, 'delta', node);
    client.send(request);
    const { code, details } = await client.closed;
    expect(code).toBe(Code.INVALID_ARGUMENT);
    expect(details).toMatch(reason);
    expect(server.ads.status()).toEqual([]);
    client.close();
    await expectService();
  });

  it('asks for more names, or types, than allowed: its stream ends and nothing of it is kept', async () => {
    const strict = await TestServer.start({ limits: { namesPerType: 100, typesPerStream: 3 } });
    const many = Array.from({ length: 1_601 }, (_, index) => `name-${index}`);
    const greedy = strict.delta();
    greedy.send({ typeUrl: cds, resourceNamesSubscribe: many });
    expect(await greedy.closed).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, details: expect.stringMatching(/100/) });
    const curious = strict.delta();
    for (const type of [1, 2, 3, 4]) curious.send({ typeUrl: `type/${type}`, resourceNamesSubscribe: ['x'] });
    expect(await curious.closed).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
    expect(strict.cache.findStore(cds)).toBeUndefined();
    expect(strict.cache.findStore('type/1')).toBeUndefined();
    await expectService(strict);
    await strict.close();
  });

  it('sends garbage nonces, an unknown type, and names with * in them', async () => {
    const client = server.delta();
    replaceEach(server.cache, [cluster('X')]);
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X', 'X*', '**', ''], responseNonce: 'x'.repeat(10_000) });
    const response = await client.nextAndAck();
    expect(response.resources).toHaveLength(1);
    expect([...response.removed].sort()).toEqual(['', '**', 'X*']);
    for (let index = 0; index < 100; index++) client.ack(response, { responseNonce: `${index}` });
    client.nack(response, 'late');
    expect(await client.received()).toEqual([]);
    expect(server.ads.status()[0]?.types[0]).toMatchObject({ acknowledgements: 1, rejections: 0 });
  });

  it('sends a node of a megabyte: only its names are kept', async () => {
    const client = server.delta({
      id: 'big',
      userAgentName: 'envoy',
      userAgentBuildVersion: { version: { majorNumber: 1, minorNumber: 40, patch: 0 } },
      metadata: { fields: { JUNK: { stringValue: 'x'.repeat(1_000_000) }, NODE_NAME: { stringValue: 'worker' } } },
    });
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    await client.next();
    expect(server.ads.status()[0]?.node).toEqual({
      id: 'big',
      cluster: '',
      nodeName: 'worker',
      zone: '',
      userAgent: 'envoy 1.40.0',
    });
  });

  it.each([
    ['in total', { streams: 2 }],
    ['of one peer', { streamsPerPeer: 2 }],
  ])(
    'opens more streams than allowed (%s): the new one is refused, and places become free again',
    async (_what, limits) => {
      const strict = await TestServer.start({ limits });
      const clients = [strict.delta(), strict.sotw()];
      for (const client of clients) client.send({ typeUrl: cds });
      await Promise.all(clients.map((client) => client.next()));
      const refused = strict.delta();
      refused.send({ typeUrl: cds });
      expect((await refused.closed).code).toBe(Code.RESOURCE_EXHAUSTED);
      clients[0]?.close();
      await until(() => strict.ads.status().length === 1);
      await expectService(strict);
      await strict.close();
    },
  );

  it('comes and goes: nothing of it is left', async () => {
    for (let round = 0; round < 20; round++) {
      const client = server.delta();
      client.send({ typeUrl: 'type/nobody', resourceNamesSubscribe: [`x${round}`, `y${round}`] });
      await client.next();
      client.close();
    }
    await until(() => server.ads.status().length === 0);
    expect(server.cache.findStore('type/nobody')).toBeUndefined();
  });
});

describe('the end of the server', () => {
  it('tells every client to go elsewhere', async () => {
    const client = server.delta();
    client.send({ typeUrl: cds });
    await client.next();
    const closed = server.ads.close(1_000);
    expect((await client.closed).code).toBe(Code.UNAVAILABLE);
    client.close();
    await closed;
  });

  it('does not wait for a client that does not read', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => endpoints(`cluster-${index}`, [1, 2, 3, 4, 5]));
    replaceEach(server.cache, many);
    const session = subscribeWithoutReading(
      server.address,
      many.map(({ name }) => name),
    );
    await until(() => server.sent.length > 0);
    const cut = new Promise((resolve) => session.once('close', resolve));
    await server.ads.close(1);
    await cut;
  });

  it('listens on a Unix socket, and says what is wrong with an address', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'fairlead-')), 'ads.sock');
    const local = await TestServer.start({}, undefined, `unix:${path}`);
    await expectService(local);
    await local.close();
    await expect(TestServer.start({}, undefined, 'nonsense')).rejects.toThrow(/expected host:port/);
    await expect(TestServer.start({}, undefined, server.address)).rejects.toThrow(/EADDRINUSE/);
  });
});

/** Polls what no event tells. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}
