import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/resources/type-urls.ts';
import { replaceEach } from '../support/replace-each.ts';
import { TestServer } from '../support/test-server.ts';
import { names, type Response } from '../support/xds-client.ts';
import { cluster, gone } from './lib/resources.ts';

// Any type can be asked for; clusters are at hand.
const { cluster: typeUrl } = typeUrls;

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.start();
});

afterEach(() => server.close());

/** In one bucket, as the words of node.proto say. */
function knownOf({ resources }: Response): { readonly buckets: number; readonly digests: Buffer } {
  const digest = resources.reduce((sum, { name, version }) => {
    return sum ^ createHash('sha256').update(`${name}\0${version}`).digest().readBigUInt64LE(0);
  }, 0n);
  return { buckets: 1, digests: Buffer.from(BigUint64Array.of(digest).buffer) };
}

describe('node discovery', () => {
  it('tells when everything was sent, and takes digests for what is known', async () => {
    const wildcard = { wildcard: true };
    replaceEach(server.cache, [cluster('a', 1, wildcard), cluster('b', 1, { ...wildcard, scope: 'node' })]);
    const client = server.node();
    client.send({ typeUrl, resourceNamesSubscribe: ['*'] });
    const first = await client.nextAndAck();
    expect([names(first), first.complete, first.staleBuckets]).toEqual([['a', 'b'], true, []]);
    const back = server.node();
    back.send({ typeUrl, resourceNamesSubscribe: ['*'], known: knownOf(first) });
    const nothing = await back.nextAndAck();
    expect([names(nothing), nothing.complete, nothing.staleBuckets]).toEqual([[], true, []]);
    replaceEach(server.cache, [cluster('a', 2, wildcard)], gone(typeUrl, 'b'));
    const change = await back.nextAndAck();
    expect([names(change), change.removed, change.complete]).toEqual([['a'], ['b'], true]);
    const late = server.node();
    late.send({ typeUrl, resourceNamesSubscribe: ['*'], known: knownOf(first) });
    const stale = await late.nextAndAck();
    expect([names(stale), stale.complete, stale.staleBuckets]).toEqual([['a'], true, [0]]);
  });

  it('tells a client that came back with everything of the next change, after a pause, too', async () => {
    const wildcard = { wildcard: true };
    replaceEach(server.cache, [cluster('a', 1, wildcard)]);
    const client = server.node();
    client.send({ typeUrl, resourceNamesSubscribe: ['*'] });
    const first = await client.nextAndAck();
    const back = server.node();
    back.send({ typeUrl, resourceNamesSubscribe: ['*'], known: knownOf(first) });
    await back.nextAndAck();
    await server.ads.settled();
    replaceEach(server.cache, [cluster('a', 2, wildcard)]);
    expect(names(await back.nextAndAck())).toEqual(['a']);
  });

  it('answers nothing to a request with nothing in it, as one with a field of a later version is', async () => {
    replaceEach(server.cache, [cluster('a', 1, { wildcard: true })]);
    const client = server.node();
    client.send({ typeUrl, resourceNamesSubscribe: ['*'] });
    await client.nextAndAck();
    client.send({ typeUrl });
    replaceEach(server.cache, [cluster('a', 2, { wildcard: true })]);
    const change = await client.nextAndAck();
    expect(names(change)).toEqual(['a']);
    client.send({ typeUrl });
    replaceEach(server.cache, [cluster('b', 1, { wildcard: true })]);
    expect(names(await client.nextAndAck())).toEqual(['b']);
  });

  it('refuses digests that do not fit the number of buckets', async () => {
    const client = server.node();
    client.send({ typeUrl, resourceNamesSubscribe: ['*'], known: { buckets: 3, digests: Buffer.alloc(24) } });
    await expect(client.closed).resolves.toMatchObject({ code: 3, details: expect.stringContaining('power of two') });
  });
});
