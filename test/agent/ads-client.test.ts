import { createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ResourceEntry } from '../../src/resources/resource-entry.ts';
import { typeUrls } from '../../src/resources/type-urls.ts';
import { ResourceCache } from '../../src/xds/cache/resource-cache.ts';
import { AdsServer } from '../../src/xds/server/ads-server.ts';
import { replaceEach } from '../support/replace-each.ts';
import { FreezableProxy } from './support/freezable-proxy.ts';
import { identityPreferring, Recorder } from './support/recorder.ts';

const logger = pino({ level: 'silent' });

function view(name: string, port = 80): ResourceEntry {
  const build = () => ({
    namespace: 'default',
    name,
    endpointSets: [{ verdict: 'REJECT' }],
    frontends: [{ address: Uint8Array.from([10, 96, 0, 1]), port }],
  });
  return { typeUrl: typeUrls.serviceView, name: `default/${name}`, wildcard: true, scope: 'fleet', build };
}

describe("the agent's ADS client, against the real server", () => {
  let cache: ResourceCache;
  let server: AdsServer;
  let port: number;
  let recorder: Recorder;

  const serve = async (responseBytes: number, at = 0) => {
    server = new AdsServer({
      cache,
      viewOf: ({ id }) => ({ nodeName: id, zone: '' }),
      logger,
      limits: { responseBytes },
    });
    port = (await server.listen(`127.0.0.1:${at}`)).port;
  };

  beforeEach(() => {
    cache = new ResourceCache();
  });

  afterEach(async () => {
    recorder.client.stop();
    await server.close(0);
  });

  const names = () => recorder.responses.flatMap(({ resources }) => resources.map(({ name }) => name));

  it('is told everything though another agent has the same node name', async () => {
    replaceEach(cache, [view('a'), view('b')]);
    await serve(1_000);
    recorder = new Recorder([port]);
    const twin = new Recorder([port]);
    recorder.client.start();
    twin.client.start();
    try {
      await Promise.all([recorder, twin].map((one) => one.until(() => one.complete.at(-1) === true)));
      replaceEach(cache, [view('b', 81)]);
      await Promise.all([recorder, twin].map((one) => one.until(() => one.known.get('default/b') === 81)));
      twin.client.stop();
      replaceEach(cache, [view('b', 82)]);
      await recorder.until(() => recorder.known.get('default/b') === 82);
    } finally {
      twin.client.stop();
    }
  });

  it('holds the list for complete only after its last part', async () => {
    const expected = Array.from({ length: 300 }, (_none, index) => `default/s${index}`);
    replaceEach(
      cache,
      expected.map((name) => view(name.slice(8))),
    );
    await serve(1_000);
    recorder = new Recorder([port]);
    recorder.client.start();
    await recorder.until(() => recorder.complete.at(-1) === true);
    const parts = recorder.responses.filter(({ resources }) => resources.length > 0);
    expect(parts.length).toBeGreaterThan(3);
    expect(recorder.complete.indexOf(true)).toBe(parts.length - 1);
    expect(names().sort()).toEqual([...expected].sort());
  });

  it('is complete without any Service', async () => {
    await serve(1_000_000);
    recorder = new Recorder([port]);
    recorder.client.start();
    await recorder.until(() => recorder.complete.at(-1) === true);
    expect(recorder.known.size).toBe(0);
    await server.settled();
    expect(recorder.responses.length).toBeLessThan(5);
  });

  it('acknowledges only what is effective', async () => {
    replaceEach(cache, [view('a')]);
    await serve(1_000_000);
    recorder = new Recorder([port]);
    recorder.client.start();
    await recorder.until(() => recorder.complete.at(-1) === true);
    await server.settled();
    const gate = Promise.withResolvers<void>();
    recorder.effective = () => gate.promise;
    replaceEach(cache, [view('a', 81)]);
    await recorder.until(() => recorder.known.get('default/a') === 81);
    let isSettled = false;
    const settled = server.settled().then(() => {
      isSettled = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isSettled).toBe(false);
    gate.resolve();
    await settled;
  });

  it('is sent after a restart of the server only what changed, and told what is gone', async () => {
    replaceEach(cache, [view('a'), view('b'), view('c')]);
    await serve(1_000_000);
    recorder = new Recorder([port]);
    recorder.client.start();
    await recorder.until(() => recorder.complete.at(-1) === true);
    await server.settled();
    const before = recorder.responses.length;
    await server.close(0);
    await recorder.until(() => recorder.client.connection.kind === 'Waiting');
    cache = new ResourceCache();
    replaceEach(cache, [view('a'), view('b', 81), view('d')]);
    await serve(1_000_000, port);
    await recorder.until(() => recorder.known.has('default/d') && !recorder.known.has('default/c'));
    const later = recorder.responses.slice(before).flatMap(({ resources }) => resources.map(({ name }) => name));
    expect(later.sort()).toEqual(['default/b', 'default/d']);
    expect(recorder.complete.slice(before)).not.toContain(false);
  });

  it('rejects a malformed Service by name, keeps its last good and takes the others', async () => {
    replaceEach(cache, [view('a'), view('b')]);
    await serve(1_000_000);
    recorder = new Recorder([port]);
    recorder.client.start();
    await recorder.until(() => recorder.complete.at(-1) === true);
    await server.settled();
    replaceEach(cache, [view('a', 70_000), view('b', 81)]);
    await recorder.until(() => recorder.known.get('default/b') === 81);
    await server.settled();
    expect(recorder.known.get('default/a')).toBe(80);
    const type = server.status()[0]?.types.find(({ typeUrl }) => typeUrl === typeUrls.serviceView);
    expect(type?.lastRejection?.message).toMatch(/default\/a frontends\[0\]\.port: 70000/);
  });

  it('holds the list for complete only after what it rejected was sent again and the rest came', async () => {
    const views = Array.from({ length: 300 }, (_none, index) => view(`s${index}`, index % 10 === 0 ? 70_000 : 80));
    replaceEach(cache, views);
    await serve(1_000);
    recorder = new Recorder([port]);
    recorder.client.start();
    await recorder.until(() => recorder.complete.at(-1) === true);
    expect(recorder.known.size).toBe(270);
  });

  it.each([0, 100])('returns with 10,000 views of which %i differ for kilobytes', async (differing) => {
    const many = Array.from({ length: 10_000 }, (_none, index) => view(`s${index}`));
    replaceEach(cache, many);
    await serve(1_000_000);
    const proxy = new FreezableProxy(() => port);
    recorder = new Recorder([await proxy.listen()]);
    recorder.client.start();
    await recorder.until(() => recorder.complete.at(-1) === true);
    await server.settled();
    await server.close(0);
    await recorder.until(() => recorder.client.connection.kind === 'Waiting');
    cache = new ResourceCache();
    replaceEach(cache, [
      ...many.slice(differing),
      ...Array.from({ length: differing }, (_none, index) => view(`s${index}`, 81)),
    ]);
    const [up, down, before] = [proxy.bytesUp, proxy.bytesDown, recorder.responses.length];
    await serve(1_000_000, port);
    await recorder.until(() => recorder.responses.length > before && recorder.complete.at(-1) === true);
    await server.settled();
    const sent = recorder.responses.slice(before).flatMap(({ resources }) => resources);
    expect([...recorder.known.values()].filter((known) => known === 81)).toHaveLength(differing);
    expect(proxy.bytesUp - up).toBeLessThan(12_000);
    if (differing === 0) expect(proxy.bytesDown - down).toBeLessThan(2_000);
    // Each of the buckets that differ has about ten.
    expect(sent.length).toBeLessThanOrEqual(differing * 20);
    proxy.close();
  });

  it('goes to the next controller when one takes the connection and never answers', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address() as { readonly port: number };
    replaceEach(cache, [view('a')]);
    await serve(1_000_000);
    const ports = [address.port, port];
    recorder = new Recorder(ports, { identity: identityPreferring(ports), connectTimeoutMs: 500 });
    const reasons: string[] = [];
    recorder.client.start();
    await recorder.until(() => {
      const { connection } = recorder.client;
      if (connection.kind === 'Waiting') reasons.push(`${connection.controller}: ${connection.reason}`);
      return connection.kind === 'Connected';
    });
    expect(reasons[0]).toBe(`127.0.0.1:${address.port}: No answer within 500 ms`);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('waits for a server that is not there, and says why', async () => {
    await serve(1_000_000);
    await server.close(0);
    recorder = new Recorder([port]);
    recorder.client.start();
    await recorder.until(() => recorder.client.connection.kind === 'Waiting');
    expect(recorder.client.connection).toMatchObject({
      controller: `127.0.0.1:${port}`,
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    await serve(1_000_000, port);
    await recorder.until(() => recorder.complete.at(-1) === true);
  });
});
