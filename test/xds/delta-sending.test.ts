import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/resources/type-urls.ts';
import { replaceEach } from '../support/replace-each.ts';
import { TestServer } from '../support/test-server.ts';
import { names } from '../support/xds-client.ts';
import { cluster, endpoints, gone, listener, route, scopedRoute } from './lib/resources.ts';

const { cluster: cds, endpoint: eds, listener: lds, route: rds, scopedRoute: srds } = typeUrls;

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.start();
});

afterEach(() => server.close());

describe('what a delta stream sends, and when', () => {
  it('h) a changed cluster is followed by its endpoints, unchanged as they are', async () => {
    replaceEach(server.cache, [cluster('X'), endpoints('X', [80]), cluster('Y'), endpoints('Y', [81])]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X', 'Y'] });
    await client.nextAndAck();
    client.send({ typeUrl: eds, resourceNamesSubscribe: ['X', 'Y'] });
    await client.nextAndAck();
    replaceEach(server.cache, [cluster('X', 2)]);
    const [first, second] = [await client.next(), await client.next()];
    expect([first.typeUrl, names(first)]).toEqual([cds, ['X']]);
    expect([second.typeUrl, names(second)]).toEqual([eds, ['X']]);
  });

  it('h) clusters, endpoints, listeners and routes of one change come in this order', async () => {
    const content = (seconds: number) => [
      route('R', `X${seconds}`),
      scopedRoute(`S${seconds}`),
      listener('L', `p${seconds}`),
      endpoints('X', [seconds]),
      cluster('X', seconds),
    ];
    replaceEach(server.cache, content(1));
    const client = server.delta();
    client.send({ typeUrl: rds, resourceNamesSubscribe: ['R'] });
    await client.nextAndAck();
    for (const typeUrl of [srds, lds]) {
      client.send({ typeUrl });
      await client.nextAndAck();
    }
    for (const typeUrl of [eds, cds]) {
      client.send({ typeUrl, resourceNamesSubscribe: ['X'] });
      await client.nextAndAck();
    }
    // The cluster was sent: its endpoints follow again.
    await client.nextAndAck();
    await server.ads.settled();
    replaceEach(server.cache, content(2));
    const seen: string[] = [];
    while (seen.at(-1) !== rds) seen.push((await client.next()).typeUrl);
    expect(seen).toEqual([cds, eds, lds, srds, rds]);
  });

  it('h) a cluster that routes referred to is removed after they changed', async () => {
    replaceEach(server.cache, [cluster('old'), cluster('new'), route('R', 'old')]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['old', 'new'] });
    await client.nextAndAck();
    client.send({ typeUrl: rds, resourceNamesSubscribe: ['R'] });
    await client.nextAndAck();
    replaceEach(server.cache, [route('R', 'new')], gone(cds, 'old'));
    const routes = await client.next();
    expect([routes.typeUrl, names(routes)]).toEqual([rds, ['R']]);
    expect(await client.received()).toEqual([]);
    client.ack(routes);
    expect(await client.next()).toMatchObject({ typeUrl: cds, removed: ['old'] });
  });

  it('h) endpoints do not wait for the acknowledgement of a cluster, which a warming Envoy withholds', async () => {
    replaceEach(server.cache, [cluster('X'), endpoints('X', [80])]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    await client.next();
    client.send({ typeUrl: eds, resourceNamesSubscribe: ['X'] });
    expect(names(await client.nextAndAck())).toEqual(['X']);
    replaceEach(server.cache, [cluster('X', 2), endpoints('X', [81])]);
    expect(await client.nextAndAck()).toMatchObject({ typeUrl: eds, resources: [{ name: 'X' }] });
  });

  it('i) an empty assignment is sent as a resource, a removed one as a removal', async () => {
    replaceEach(server.cache, [endpoints('X', [80])]);
    const client = server.delta();
    client.send({ typeUrl: eds, resourceNamesSubscribe: ['X'] });
    await client.nextAndAck();
    replaceEach(server.cache, [endpoints('X', [])]);
    const empty = await client.nextAndAck();
    expect(empty.removed).toEqual([]);
    expect(empty.resources[0]?.body.endpoints ?? []).toEqual([]);
    replaceEach(server.cache, [], gone(eds, 'X'));
    expect(await client.nextAndAck()).toMatchObject({ resources: [], removed: ['X'] });
  });

  it('j) no resource lives by heartbeats: none has a TTL, and none comes without its body', async () => {
    replaceEach(server.cache, [cluster('X'), endpoints('X', [])]);
    const client = server.delta();
    for (const typeUrl of [cds, eds]) {
      client.send({ typeUrl, resourceNamesSubscribe: ['X'] });
      const [resource] = (await client.nextAndAck()).resources;
      expect(resource?.ttl).toBeUndefined();
      expect(resource?.body['@type']).toBe(typeUrl);
    }
  });

  it('m) 1,000 changes while one response is unacknowledged become one response', async () => {
    replaceEach(server.cache, [endpoints('X', [1]), endpoints('Y', [1])]);
    const client = server.delta();
    client.send({ typeUrl: eds, resourceNamesSubscribe: ['X', 'Y'] });
    const first = await client.next();
    for (let port = 2; port <= 1_001; port++)
      replaceEach(server.cache, [endpoints(port % 2 === 0 ? 'X' : 'Y', [port])]);
    expect(await client.received()).toEqual([]);
    client.ack(first);
    const second = await client.nextAndAck();
    expect(names(second)).toEqual(['X', 'Y']);
    expect(JSON.stringify(second.resources)).toContain('1001');
    expect(await client.received()).toEqual([]);
  });

  it('a change that builds the same bytes, or goes back before it was sent, is not sent', async () => {
    replaceEach(server.cache, [endpoints('X', [1])]);
    const client = server.delta();
    client.send({ typeUrl: eds, resourceNamesSubscribe: ['X'] });
    const first = await client.next();
    replaceEach(server.cache, [endpoints('X', [2])]);
    await client.received();
    replaceEach(server.cache, [endpoints('X', [1])]);
    client.ack(first);
    replaceEach(server.cache, [endpoints('X', [1])]);
    await server.ads.settled();
    expect(await client.received()).toEqual([]);
  });

  it('splits what is larger than a response may be', async () => {
    const many = Array.from({ length: 3_000 }, (_, index) => endpoints(`cluster-${index}`, [1, 2, 3, 4, 5]));
    replaceEach(server.cache, many);
    const client = server.delta();
    client.send({ typeUrl: eds, resourceNamesSubscribe: many.map(({ name }) => name) });
    const seen = new Set<string>();
    while (seen.size < many.length) for (const name of names(await client.nextAndAck())) seen.add(name);
    await server.ads.settled();
    const sizes = server.sent.map(({ bytes }) => bytes);
    expect(Math.max(...sizes)).toBeLessThan(1_100_000);
  });

  it('sends the resources of the new zone when the zone of a node changes', async () => {
    let zone = 'a';
    const moving = await TestServer.start({ viewOf: ({ id }) => ({ nodeName: id, zone }) });
    const build = (view: { readonly zone: string }) => ({
      clusterName: 'X',
      policy: { overprovisioningFactor: { value: view.zone.length } },
    });
    replaceEach(moving.cache, [{ ...endpoints('X', []), scope: 'zone', build }, endpoints('Y', [1])]);
    const client = moving.delta();
    client.send({ typeUrl: eds, resourceNamesSubscribe: ['X', 'Y'] });
    await client.nextAndAck();
    zone = 'other';
    moving.cache.viewsChanged(new Set(['node-a']));
    expect(names(await client.nextAndAck())).toEqual(['X']);
    await moving.close();
  });

  it('serves the last version of a resource that can no longer be built, and the others', async () => {
    const client = server.delta();
    replaceEach(server.cache, [cluster('X'), cluster('Y')]);
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X', 'Y', 'Z'] });
    await client.nextAndAck();
    const build = () => {
      throw new Error('broken');
    };
    replaceEach(server.cache, [{ ...cluster('X'), build }, { ...cluster('Z'), build }, cluster('Y', 2)]);
    expect(names(await client.nextAndAck())).toEqual(['Y']);
  });
});
