// What clients can make the server hold. The server runs in a process of its own, whose resident memory is read.
import { type ClientHttp2Session, constants } from 'node:http2';
import { status as Code } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/resources/type-urls.ts';
import { eventually } from '../support/until.ts';
import { AdsClient } from '../support/xds-client.ts';
import { connectRaw, frame, frameHead, openRaw, type RawStream } from './lib/raw-stream.ts';
import { type ServerConfig, ServerProcess } from './lib/server-process.ts';

const { cluster: cds, endpoint: eds } = typeUrls;
const mebibyte = 1024 * 1024;
/** The misbehaving clients of these tests have one address. */
const onePeer = { streamsPerPeer: 20_000, connectionsPerPeer: 20_000 };

const sessions: ClientHttp2Session[] = [];
let server: ServerProcess;

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await server.stop();
});

async function start(config: ServerConfig): Promise<void> {
  server = await ServerProcess.start(config);
  server.resetPeak();
}

function session(initialWindowSize = 0): ClientHttp2Session {
  const opened = connectRaw(server.address, initialWindowSize);
  sessions.push(opened);
  return opened;
}

/** What proves that the others are served. */
async function expectService(): Promise<void> {
  const client = new AdsClient(server.address, 'delta', { id: 'good' });
  client.send({ typeUrl: cds, resourceNamesSubscribe: ['proof'] });
  expect((await client.nextAndAck()).resources).toHaveLength(1);
  client.close();
}

/** Streams on one connection that ask for everything and read nothing. */
function unread(count: number, names: readonly string[]): readonly RawStream[] {
  const on = session();
  const request = frame({ node: { id: 'deaf' }, typeUrl: eds, resourceNamesSubscribe: names });
  return Array.from({ length: count }, () => {
    const opened = openRaw(on);
    opened.stream.write(request);
    return opened;
  });
}

/** A request of this length that is begun and not ended. */
function unfinished(length: number, sent: number, on = session(65_535)): RawStream {
  const opened = openRaw(on);
  opened.stream.write(Buffer.concat([frameHead(length), Buffer.alloc(sent)]));
  return opened;
}

const endpointNames = Array.from({ length: 3_000 }, (_, index) => `e${index}`);
const manyEndpoints = { endpoints: endpointNames.length, portsEach: 10 };

describe('the memory of the server is bounded', () => {
  it('800 streams of one connection that nobody reads (X8)', async () => {
    await start({ ...manyEndpoints, limits: { ...onePeer, stalledMs: 60_000, crowdedMs: 60_000 } });
    unread(800, endpointNames);
    await expectService();
    await server.quiet();
    expect(server.peakMiB).toBeLessThan(350);
  });

  it('such streams are cut off early when others wait for their room', async () => {
    await start({ ...manyEndpoints, limits: { ...onePeer, stalledMs: 600_000, crowdedMs: 200 } });
    const streams = unread(100, endpointNames);
    await Promise.all(streams.map(({ ended }) => ended));
    await expectService();
  });

  it('requests that are begun and not ended, of any number of streams', async () => {
    await start({ limits: onePeer });
    for (let index = 0; index < 60; index += 1) unfinished(30 * mebibyte, 20 * mebibyte);
    await expectService();
    await server.quiet();
    expect(server.peakMiB).toBeLessThan(300);
  });

  it('names that do not exist, asked for again and again by clients that do not read', async () => {
    await start({ limits: onePeer });
    const streams = Array.from({ length: 4 }, () => openRaw(session()));
    for (let round = 0; round < 60; round += 1) {
      for (const [index, { stream, ended }] of streams.entries()) {
        const names = Array.from({ length: 1_000 }, (_, name) => `${index} ${round} ${name} ${'x'.repeat(1_500)}`);
        const request = frame({ node: { id: 'greedy' }, typeUrl: cds, resourceNamesSubscribe: names });
        if (stream.writable) await Promise.race([new Promise((resolve) => stream.write(request, resolve)), ended]);
      }
    }
    await expectService();
    await server.quiet();
    expect(server.peakMiB).toBeLessThan(300);
  });

  it('what streams have sent that wait to be admitted', async () => {
    await start({ limits: { ...onePeer, firstRequestMs: 60_000, waitingBytes: 32 * mebibyte } });
    for (let index = 0; index < 5; index += 1) {
      const on = session(65_535);
      for (let count = 0; count < 800; count += 1) unfinished(mebibyte, 65_000, on);
    }
    await server.quiet();
    expect(server.peakMiB).toBeLessThan(300);
    await expectService();
  });
});

describe('a client that takes its time', () => {
  it('sends no first request: its stream is ended with the limit', async () => {
    await start({ limits: { firstRequestMs: 100 } });
    const { ended } = openRaw(session(65_535));
    expect(await ended).toMatchObject({
      code: Code.RESOURCE_EXHAUSTED,
      details: 'No request was received for 100 ms (limit firstRequestMs)',
    });
    await expectService();
  });

  it('does not end its request: the same', async () => {
    await start({ limits: { requestMs: 100 } });
    const { ended } = unfinished(1_000_000, 100);
    expect(await ended).toMatchObject({
      code: Code.RESOURCE_EXHAUSTED,
      details: 'A request was not complete after 100 ms (limit requestMs)',
    });
    await expectService();
  });

  it('opens more connections than allowed: they are closed, and others are served', async () => {
    await start({ limits: { connectionsPerPeer: 3 } });
    const opened = [session(), session(), session()];
    await Promise.all(opened.map((each) => new Promise((resolve) => each.once('connect', resolve))));
    const refused = session();
    await new Promise((resolve) => refused.once('close', resolve));
    opened[0]?.close();
    await eventually('Service', expectService, () => true);
  });
});

describe('all of them at once', () => {
  it('leave the good client its service, and the memory bounded', async () => {
    await start({ ...manyEndpoints, limits: { ...onePeer, streams: 5_000 } });
    unread(400, endpointNames);
    for (let index = 0; index < 40; index += 1) unfinished(30 * mebibyte, mebibyte);
    for (let index = 0; index < 200; index += 1) openRaw(session(65_535));
    const garbage = openRaw(session(65_535));
    garbage.stream.write(Buffer.concat([frameHead(5), Buffer.alloc(5, 0xff)]));
    garbage.stream.close(constants.NGHTTP2_CANCEL);
    for (let round = 0; round < 10; round += 1) await expectService();
    expect(server.peakMiB).toBeLessThan(350);
  });
});
