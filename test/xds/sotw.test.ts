import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/resources/type-urls.ts';
import { replaceEach } from '../support/replace-each.ts';
import { TestServer } from '../support/test-server.ts';
import { type AdsClient, names, type Response } from '../support/xds-client.ts';
import { cluster, endpoints, gone, listener, route, scopedRoute } from './lib/resources.ts';

const { cluster: cds, endpoint: eds, listener: lds, route: rds, scopedRoute: srds } = typeUrls;

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.start();
});

afterEach(() => server.close());

let probes = 0;

/**
 * Everything that the server sent before it read this: a listener that was not asked for before is always answered, if
 * only by its absence.
 */
async function received(client: AdsClient): Promise<readonly Response[]> {
  probes += 1;
  const resourceNames = [`probe-${probes}`];
  client.send({ typeUrl: lds, resourceNames });
  const before: Response[] = [];
  for (;;) {
    const response = await client.next();
    if (response.typeUrl === lds) {
      client.ack(response, { resourceNames });
      return before;
    }
    before.push(response);
  }
}

describe('subscriptions of a state-of-the-world stream', () => {
  it('a) an empty first request is a wildcard; once a name was seen, an empty list means nothing', async () => {
    replaceEach(server.cache, [cluster('w', 1, { wildcard: true }), cluster('X')]);
    const client = server.sotw();
    client.send({ typeUrl: cds });
    expect(names(await client.nextAndAck())).toEqual(['w']);
    client.send({ typeUrl: cds, resourceNames: ['*', 'X'] });
    const both = await client.next();
    expect(names(both)).toEqual(['X', 'w']);
    client.ack(both, { resourceNames: ['*', 'X'] });
    client.send({ typeUrl: cds, resourceNames: ['X'], responseNonce: both.nonce });
    replaceEach(server.cache, [cluster('X', 2)]);
    const named = await client.next();
    expect(names(named)).toEqual(['X']);
    client.ack(named, { resourceNames: [] });
    replaceEach(server.cache, [cluster('X', 3), cluster('w', 3, { wildcard: true })]);
    expect(await received(client)).toEqual([]);
  });

  it('b) a name that is dropped and asked for again is answered, also within one request', async () => {
    replaceEach(server.cache, [endpoints('X', [80])]);
    const client = server.sotw();
    client.send({ typeUrl: eds, resourceNames: ['X'] });
    const first = await client.nextAndAck({ resourceNames: ['X'] });
    client.send({ typeUrl: eds, resourceNames: [], responseNonce: first.nonce });
    client.send({ typeUrl: eds, resourceNames: ['X'], responseNonce: first.nonce });
    const second = await client.nextAndAck({ resourceNames: ['X'] });
    expect(names(second)).toEqual(['X']);
    // The same names with the nonce that was acknowledged: both steps in one, or a cluster that warms.
    client.send({ typeUrl: eds, resourceNames: ['X'], responseNonce: second.nonce });
    expect(names(await client.next())).toEqual(['X']);
  });

  it('c) a client that comes back is sent everything', async () => {
    replaceEach(server.cache, [listener('L')]);
    const first = server.sotw();
    first.send({ typeUrl: lds });
    const { versionInfo } = await first.nextAndAck();
    first.close();
    const second = server.sotw();
    second.send({ typeUrl: lds, versionInfo });
    expect(await second.next()).toMatchObject({ resources: [{ name: 'L' }], versionInfo });
  });

  it('d) a client that comes back may ask for endpoints first', async () => {
    replaceEach(server.cache, [endpoints('X', [80])]);
    const client = server.sotw();
    client.send({ typeUrl: eds, resourceNames: ['X'], versionInfo: 'before' });
    expect(names(await client.next())).toEqual(['X']);
  });

  it('g) a missing cluster is answered by its absence, missing endpoints by silence until they appear', async () => {
    replaceEach(server.cache, [cluster('X')]);
    const client = server.sotw();
    client.send({ typeUrl: cds, resourceNames: ['X', 'missing'] });
    expect(names(await client.nextAndAck({ resourceNames: ['X', 'missing'] }))).toEqual(['X']);
    client.send({ typeUrl: eds, resourceNames: ['missing'] });
    expect(await received(client)).toEqual([]);
    replaceEach(server.cache, [endpoints('missing', [80])]);
    expect(await client.next()).toMatchObject({ typeUrl: eds, resources: [{ name: 'missing' }] });
  });

  it('p) a type that nobody serves, and one that is no longer subscribed, are not answered', async () => {
    const client = server.sotw();
    client.send({ typeUrl: 'type.googleapis.com/nobody.Knows', resourceNames: ['x'] });
    expect(await received(client)).toEqual([]);
  });

  it('q) * and a named cluster on one stream', async () => {
    replaceEach(server.cache, [cluster('w', 1, { wildcard: true }), cluster('on-demand'), cluster('other')]);
    const client = server.sotw();
    client.send({ typeUrl: cds, resourceNames: ['*', 'on-demand'] });
    expect(names(await client.nextAndAck({ resourceNames: ['*', 'on-demand'] }))).toEqual(['on-demand', 'w']);
    replaceEach(server.cache, [cluster('other', 2), cluster('w', 2, { wildcard: true })]);
    expect(names(await client.next())).toEqual(['on-demand', 'w']);
  });
});

describe('what a state-of-the-world stream sends', () => {
  it('every listener, cluster and scoped route each time, as an absent one is deleted', async () => {
    for (const [typeUrl, make] of [
      [lds, (name: string) => listener(name)],
      [srds, (name: string) => scopedRoute(name)],
      [cds, (name: string) => cluster(name, 1, { wildcard: true })],
    ] as const) {
      replaceEach(server.cache, [make('a'), make('b')]);
      const client = server.sotw();
      client.send({ typeUrl });
      expect(names(await client.nextAndAck())).toEqual(['a', 'b']);
      replaceEach(server.cache, [make('c')]);
      expect(names(await client.nextAndAck())).toEqual(['a', 'b', 'c']);
      replaceEach(server.cache, [], gone(typeUrl, 'a'));
      expect(names(await client.nextAndAck())).toEqual(['b', 'c']);
    }
  });

  it('of endpoints and routes only what changed', async () => {
    replaceEach(server.cache, [endpoints('X', [1]), endpoints('Y', [1]), route('R', 'X'), route('S', 'X')]);
    const client = server.sotw();
    client.send({ typeUrl: eds, resourceNames: ['X', 'Y'] });
    expect(names(await client.nextAndAck({ resourceNames: ['X', 'Y'] }))).toEqual(['X', 'Y']);
    replaceEach(server.cache, [endpoints('X', [2])]);
    expect(names(await client.nextAndAck({ resourceNames: ['X', 'Y'] }))).toEqual(['X']);
    client.send({ typeUrl: rds, resourceNames: ['R', 'S'] });
    expect(names(await client.nextAndAck({ resourceNames: ['R', 'S'] }))).toEqual(['R', 'S']);
    replaceEach(server.cache, [route('S', 'Y')]);
    expect(names(await client.nextAndAck({ resourceNames: ['R', 'S'] }))).toEqual(['S']);
  });

  it('h) a changed cluster is followed by its endpoints, unchanged as they are', async () => {
    replaceEach(server.cache, [cluster('X'), endpoints('X', [80]), cluster('Y'), endpoints('Y', [81])]);
    const client = server.sotw();
    client.send({ typeUrl: cds, resourceNames: ['X', 'Y'] });
    await client.nextAndAck({ resourceNames: ['X', 'Y'] });
    client.send({ typeUrl: eds, resourceNames: ['X', 'Y'] });
    await client.nextAndAck({ resourceNames: ['X', 'Y'] });
    replaceEach(server.cache, [cluster('X', 2)]);
    const [first, second] = [await client.next(), await client.next()];
    expect([first.typeUrl, names(first)]).toEqual([cds, ['X', 'Y']]);
    expect([second.typeUrl, names(second)]).toEqual([eds, ['X']]);
  });

  it('h) a cluster that routes referred to is removed after they changed', async () => {
    replaceEach(server.cache, [cluster('old'), cluster('new'), route('R', 'old')]);
    const client = server.sotw();
    client.send({ typeUrl: cds, resourceNames: ['old', 'new'] });
    await client.nextAndAck({ resourceNames: ['old', 'new'] });
    client.send({ typeUrl: rds, resourceNames: ['R'] });
    await client.nextAndAck({ resourceNames: ['R'] });
    await server.ads.settled();
    replaceEach(server.cache, [route('R', 'new')], gone(cds, 'old'));
    const routes = await client.next();
    expect([routes.typeUrl, names(routes)]).toEqual([rds, ['R']]);
    expect(await received(client)).toEqual([]);
    client.ack(routes, { resourceNames: ['R'] });
    const clusters = await client.next();
    expect([clusters.typeUrl, names(clusters)]).toEqual([cds, ['new']]);
  });

  it('i) an empty assignment is sent, a removed one cannot be told', async () => {
    replaceEach(server.cache, [endpoints('X', [80])]);
    const client = server.sotw();
    client.send({ typeUrl: eds, resourceNames: ['X'] });
    await client.nextAndAck({ resourceNames: ['X'] });
    replaceEach(server.cache, [endpoints('X', [])]);
    expect((await client.nextAndAck({ resourceNames: ['X'] })).resources[0]?.body.endpoints ?? []).toEqual([]);
    replaceEach(server.cache, [], gone(eds, 'X'));
    await server.ads.settled();
    expect(await received(client)).toEqual([]);
  });

  it('m) 1,000 changes while one response is unacknowledged become one response', async () => {
    replaceEach(server.cache, [cluster('X', 1, { wildcard: true })]);
    const client = server.sotw();
    client.send({ typeUrl: cds });
    const first = await client.next();
    for (let seconds = 2; seconds <= 1_001; seconds++) {
      replaceEach(server.cache, [cluster('X', seconds, { wildcard: true })]);
    }
    expect(await received(client)).toEqual([]);
    client.ack(first);
    const second = await client.nextAndAck();
    expect(second.resources[0]?.body).toMatchObject({ connectTimeout: { seconds: 1_001 } });
  });
});

describe('nonces and rejections of a state-of-the-world stream', () => {
  it('e) a rejected state is not sent again until it changes', async () => {
    replaceEach(server.cache, [cluster('bad', 1, { wildcard: true }), endpoints('X', [1])]);
    const client = server.sotw();
    client.send({ typeUrl: cds });
    client.nack(await client.next(), 'no');
    client.send({ typeUrl: eds, resourceNames: ['X'] });
    await client.nextAndAck({ resourceNames: ['X'] });
    expect(await received(client)).toEqual([]);
    expect(server.ads.status()[0]?.types[0]).toMatchObject({ typeUrl: cds, rejections: 1, acknowledgements: 0 });
    replaceEach(server.cache, [cluster('bad', 2, { wildcard: true })]);
    expect(await client.next()).toMatchObject({ typeUrl: cds, resources: [{ name: 'bad' }] });
  });

  it('f) a stale nonce is not answered, and nothing of its request is taken', async () => {
    replaceEach(server.cache, [endpoints('X', [1]), endpoints('Y', [1])]);
    const client = server.sotw();
    client.send({ typeUrl: eds, resourceNames: ['X'] });
    const first = await client.nextAndAck({ resourceNames: ['X'] });
    replaceEach(server.cache, [endpoints('X', [2])]);
    const second = await client.next();
    client.send({ typeUrl: eds, resourceNames: ['X', 'Y'], responseNonce: first.nonce });
    client.send({ typeUrl: eds, resourceNames: ['X', 'Y'], responseNonce: 'garbage' });
    expect(await received(client)).toEqual([]);
    expect(server.ads.status()[0]?.types[0]).toMatchObject({ named: 1, acknowledgements: 1 });
    client.ack(second, { resourceNames: ['X', 'Y'] });
    expect(names(await client.next())).toEqual(['Y']);
  });

  it('f) names may change before the first response was read', async () => {
    replaceEach(server.cache, [cluster('X'), cluster('Y')]);
    const client = server.sotw();
    client.send({ typeUrl: cds, resourceNames: ['X'] });
    const first = await client.next();
    client.send({ typeUrl: cds, resourceNames: ['X', 'Y'] });
    client.ack(first, { resourceNames: ['X', 'Y'] });
    expect(names(await client.next())).toEqual(['X', 'Y']);
  });

  it('n) o) the node comes once; nonces of two types are never mixed', async () => {
    replaceEach(server.cache, [cluster('X', 1, { wildcard: true }), listener('L')]);
    const client = server.sotw({ id: 'n1' });
    client.send({ typeUrl: cds });
    const clusters = await client.next();
    client.send({ typeUrl: lds, node: { id: 'n2' } });
    const listeners = await client.next();
    client.send({ typeUrl: cds, responseNonce: listeners.nonce });
    client.send({ typeUrl: lds, responseNonce: clusters.nonce });
    client.send({ typeUrl: eds, resourceNames: ['X'] });
    replaceEach(server.cache, [endpoints('X', [1])]);
    await client.next();
    expect(server.ads.status()[0]?.types.map(({ acknowledgements }) => acknowledgements)).toEqual([0, 0, 0]);
    expect(server.ads.status()[0]?.node?.id).toBe('n1');
  });

  it('has the same version in every replica, and an identifier', async () => {
    const replica = await TestServer.start({ identifier: 'replica-2' });
    const seen = [];
    for (const each of [server, replica]) {
      replaceEach(each.cache, [listener('a'), listener('b')]);
      const client = each.sotw();
      client.send({ typeUrl: lds });
      seen.push(await client.next());
    }
    expect(seen[0]?.versionInfo).toBe(seen[1]?.versionInfo);
    expect(seen.map(({ identifier }) => identifier)).toEqual(['fairlead', 'replica-2']);
    await replica.close();
  });
});
