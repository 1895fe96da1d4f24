import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/resources/type-urls.ts';
import { replaceEach } from '../support/replace-each.ts';
import { TestServer } from '../support/test-server.ts';
import { names, type Response } from '../support/xds-client.ts';
import { cluster, endpoints, gone, route, scopedRoute } from './lib/resources.ts';

const { cluster: cds, endpoint: eds, route: rds, scopedRoute: srds } = typeUrls;

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.start();
});

afterEach(() => server.close());

function versions(response: Response): Record<string, string> {
  return Object.fromEntries(response.resources.map(({ name, version }) => [name, version]));
}

describe('subscriptions of a delta stream', () => {
  it('a) legacy wildcard, then X, then unsubscribe X: the client is told that X is gone', async () => {
    replaceEach(server.cache, [cluster('w', 1, { wildcard: true }), cluster('X')]);
    const client = server.delta();
    client.send({ typeUrl: cds });
    expect(names(await client.nextAndAck())).toEqual(['w']);
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    expect(names(await client.nextAndAck())).toEqual(['X']);
    client.send({ typeUrl: cds, resourceNamesUnsubscribe: ['X'] });
    expect((await client.nextAndAck()).removed).toEqual(['X']);
  });

  it('a) unsubscribe X that the wildcard covers: the client is sent X', async () => {
    replaceEach(server.cache, [cluster('X', 1, { wildcard: true })]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['*', 'X'] });
    await client.nextAndAck();
    client.send({ typeUrl: cds, resourceNamesUnsubscribe: ['X'] });
    expect(names(await client.nextAndAck())).toEqual(['X']);
  });

  it('a) legacy wildcard, then X, then unsubscribe *: X is left', async () => {
    replaceEach(server.cache, [cluster('w', 1, { wildcard: true }), cluster('X')]);
    const client = server.delta();
    client.send({ typeUrl: cds });
    await client.nextAndAck();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    await client.nextAndAck();
    client.send({ typeUrl: cds, resourceNamesUnsubscribe: ['*'] });
    expect(await client.received()).toEqual([]);
    replaceEach(server.cache, [cluster('w', 2, { wildcard: true }), cluster('X', 2)]);
    expect(names(await client.nextAndAck())).toEqual(['X']);
  });

  it('a) an empty list after a name was seen is not a wildcard', async () => {
    replaceEach(server.cache, [cluster('w', 1, { wildcard: true }), cluster('X')]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    await client.nextAndAck();
    client.send({ typeUrl: cds, resourceNamesUnsubscribe: ['X'] });
    client.send({ typeUrl: cds });
    expect(await client.received()).toEqual([]);
  });

  it('answers a wildcard that nothing belongs to, as Envoy waits for it before it listens', async () => {
    const client = server.delta();
    client.send({ typeUrl: cds });
    expect(await client.next()).toMatchObject({ typeUrl: cds, resources: [], removed: [] });
  });

  it('b) unsubscribe and subscribe in one message is answered', async () => {
    replaceEach(server.cache, [cluster('X')]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    await client.nextAndAck();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'], resourceNamesUnsubscribe: ['X'] });
    expect(names(await client.nextAndAck())).toEqual(['X']);
  });

  it('b) unsubscribe and subscribe in two messages is answered', async () => {
    replaceEach(server.cache, [cluster('X')]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    await client.nextAndAck();
    client.send({ typeUrl: cds, resourceNamesUnsubscribe: ['X'] });
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    expect(names(await client.nextAndAck())).toEqual(['X']);
  });

  it('b) subscribing again to what is held, or to what is known to be missing, is answered', async () => {
    replaceEach(server.cache, [cluster('X')]);
    const client = server.delta();
    for (const _ of [1, 2]) {
      client.send({ typeUrl: cds, resourceNamesSubscribe: ['X', 'missing'] });
      expect(await client.nextAndAck()).toMatchObject({ resources: [{ name: 'X' }], removed: ['missing'] });
    }
  });

  it('ignores the unsubscription of what was never subscribed to', async () => {
    replaceEach(server.cache, [cluster('X')]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'], resourceNamesUnsubscribe: ['Y'] });
    expect(names(await client.nextAndAck())).toEqual(['X']);
    client.send({ typeUrl: cds, resourceNamesUnsubscribe: ['Y'] });
    expect(await client.received()).toEqual([]);
  });

  it('g) a missing name is removed at once, and pushed when it is created', async () => {
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    expect(await client.nextAndAck()).toMatchObject({ resources: [], removed: ['X'] });
    replaceEach(server.cache, [cluster('X')]);
    expect(names(await client.nextAndAck())).toEqual(['X']);
    replaceEach(server.cache, [], gone(cds, 'X'));
    expect((await client.nextAndAck()).removed).toEqual(['X']);
  });

  it('p) nothing is sent for a type that is no longer subscribed, and a lost acknowledgement does not stall it', async () => {
    replaceEach(server.cache, [cluster('X')]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    await client.next();
    client.send({ typeUrl: cds, resourceNamesUnsubscribe: ['X'] });
    expect(await client.received()).toEqual([]);
    replaceEach(server.cache, [cluster('X', 2)]);
    await server.ads.settled();
    expect(await client.received()).toEqual([]);
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    expect(names(await client.nextAndAck())).toEqual(['X']);
  });

  it('q) * and a named cluster on one stream: both are kept up, the named one is not of the wildcard', async () => {
    replaceEach(server.cache, [cluster('w', 1, { wildcard: true }), cluster('on-demand'), cluster('other')]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['*'] });
    expect(names(await client.nextAndAck())).toEqual(['w']);
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['on-demand', 'nowhere'] });
    expect(await client.nextAndAck()).toMatchObject({ resources: [{ name: 'on-demand' }], removed: ['nowhere'] });
    replaceEach(server.cache, [cluster('w', 2, { wildcard: true }), cluster('on-demand', 2), cluster('other', 2)]);
    expect(names(await client.nextAndAck())).toEqual(['on-demand', 'w']);
  });

  it('adds to and takes from the wildcard set', async () => {
    const client = server.delta();
    client.send({ typeUrl: srds });
    await client.nextAndAck();
    replaceEach(server.cache, [scopedRoute('a'), scopedRoute('b')]);
    expect(names(await client.nextAndAck())).toEqual(['a', 'b']);
    replaceEach(server.cache, [scopedRoute('b', { wildcard: false })], gone(srds, 'a'));
    expect([...(await client.nextAndAck()).removed].sort()).toEqual(['a', 'b']);
  });

  it('answers names of a type without resources', async () => {
    const client = server.delta();
    client.send({ typeUrl: 'type.googleapis.com/nobody.Knows', resourceNamesSubscribe: ['x'] });
    expect(await client.nextAndAck()).toMatchObject({ typeUrl: 'type.googleapis.com/nobody.Knows', removed: ['x'] });
  });
});

describe('a delta client that comes back', () => {
  const content = [cluster('equal'), cluster('changed'), cluster('gone')];

  async function learn(): Promise<Record<string, string>> {
    replaceEach(server.cache, content);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['equal', 'changed', 'gone'] });
    const known = versions(await client.nextAndAck());
    client.close();
    replaceEach(server.cache, [cluster('changed', 2), cluster('forgotten')], gone(cds, 'gone'));
    return known;
  }

  it('c) is sent what changed and what it does not list, is told what is gone, and nothing that is equal', async () => {
    const known = await learn();
    const client = server.delta();
    client.send({
      typeUrl: cds,
      resourceNamesSubscribe: ['equal', 'changed', 'gone', 'forgotten'],
      initialResourceVersions: known,
    });
    const response = await client.nextAndAck();
    expect(names(response)).toEqual(['changed', 'forgotten']);
    // Not before the client has had the time to ask for the routes that let go of it.
    expect(response.removed).toEqual([]);
    expect((await client.next()).removed).toEqual(['gone']);
  });

  it('c) is sent nothing by another replica that serves the same', async () => {
    const known = await learn();
    const replica = await TestServer.start();
    replaceEach(replica.cache, content);
    const client = replica.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: Object.keys(known), initialResourceVersions: known });
    expect(await client.received()).toEqual([]);
    expect(replica.resourceBytesSent).toBe(0);
    replaceEach(replica.cache, [], gone(cds, 'gone'));
    expect((await client.nextAndAck()).removed).toEqual(['gone']);
    await replica.close();
  });

  it.each([
    ['legacy', []],
    ['explicit', ['*']],
  ])('c) with a wildcard (%s) is told what left it', async (_form, subscribe) => {
    replaceEach(server.cache, [scopedRoute('stays'), scopedRoute('leaves')]);
    const first = server.delta();
    first.send({ typeUrl: srds });
    const known = versions(await first.nextAndAck());
    replaceEach(server.cache, [], gone(srds, 'leaves'));
    const second = server.delta();
    second.send({ typeUrl: srds, resourceNamesSubscribe: subscribe, initialResourceVersions: known });
    expect(await second.nextAndAck()).toMatchObject({ resources: [], removed: ['leaves'] });
  });

  it('c) is answered once even if it has everything, or Envoy would wait longer each time its stream ends', async () => {
    replaceEach(server.cache, [cluster('equal', 1, { wildcard: true }), scopedRoute('equal')]);
    const first = server.delta();
    first.send({ typeUrl: cds });
    const clusters = versions(await first.nextAndAck());
    first.send({ typeUrl: srds });
    const scopes = versions(await first.nextAndAck());
    first.close();
    const client = server.delta();
    client.send({ typeUrl: cds, initialResourceVersions: clusters });
    client.send({ typeUrl: srds, initialResourceVersions: scopes });
    expect(await client.received()).toMatchObject([{ typeUrl: cds, resources: [], removed: [] }]);
  });

  it('c) initial versions in a later message count for nothing', async () => {
    replaceEach(server.cache, [cluster('X')]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    const known = versions(await client.nextAndAck());
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'], initialResourceVersions: known });
    expect(names(await client.nextAndAck())).toEqual(['X']);
  });

  it('d) may ask for endpoints first, and gets them', async () => {
    replaceEach(server.cache, [cluster('X'), endpoints('X', [80])]);
    const client = server.delta();
    client.send({ typeUrl: eds, resourceNamesSubscribe: ['X'], initialResourceVersions: { X: 'old' } });
    expect(names(await client.nextAndAck())).toEqual(['X']);
  });
});

describe('rejections on a delta stream', () => {
  it('e) what was rejected is not sent again with an unrelated change', async () => {
    replaceEach(server.cache, [cluster('bad'), cluster('good')]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['bad'] });
    client.nack(await client.next(), 'no such filter');
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['good'] });
    expect(names(await client.nextAndAck())).toEqual(['good']);
    replaceEach(server.cache, [cluster('good', 2)]);
    expect(names(await client.nextAndAck())).toEqual(['good']);
  });

  it('e) the fix is sent, and the reason is logged once, counted and in the status until then', async () => {
    replaceEach(server.cache, [cluster('bad')]);
    const client = server.delta({ id: 'node-a', metadata: { fields: { NODE_NAME: { stringValue: 'worker-1' } } } });
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['bad'] });
    client.nack(await client.next(), 'x'.repeat(5_000));
    await client.received();
    const [status] = server.ads.status({ node: 'worker-1' });
    expect(status?.types[0]).toMatchObject({
      rejections: 1,
      current: 0,
      wanted: 1,
      rejected: ['bad'],
      lastRejection: { names: ['bad'] },
    });
    expect(status?.types[0]?.lastRejection?.message).toHaveLength(1_001);
    const lines = server.log.filter(({ msg }) => msg === 'Client rejected a resource');
    expect(lines).toMatchObject([
      { node: 'worker-1', typeUrl: cds, names: ['bad'], reason: expect.stringMatching(/^xxx/) },
    ]);

    replaceEach(server.cache, [cluster('bad', 2)]);
    expect(names(await client.nextAndAck())).toEqual(['bad']);
    await client.received();
    expect(server.ads.status()[0]?.types[0]).toMatchObject({ acknowledgements: 1, current: 1 });
  });

  it('e) the version before the rejected one is sent when it comes back: the client may have applied a part', async () => {
    replaceEach(server.cache, [cluster('X', 1)]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    const first = versions(await client.nextAndAck());
    replaceEach(server.cache, [cluster('X', 2)]);
    client.nack(await client.next(), 'no');
    replaceEach(server.cache, [cluster('X', 1)]);
    expect(versions(await client.nextAndAck())).toEqual(first);
  });

  it('e) of several resources in one response, only the one at fault is held back', async () => {
    const many = Array.from({ length: 100 }, (_, index) => route(`R${index}`, 'X'));
    replaceEach(server.cache, many);
    const client = server.delta();
    client.send({ typeUrl: rds, resourceNamesSubscribe: many.map(({ name }) => name) });
    const accepted = new Set<string>();
    while (accepted.size < 99) {
      const response = await client.next();
      if (names(response).includes('R42')) client.nack(response, 'R42 is bad');
      else client.ack(response);
      if (!names(response).includes('R42')) for (const name of names(response)) accepted.add(name);
    }
    await client.received();
    expect(server.ads.status()[0]?.types[0]).toMatchObject({ current: 99, wanted: 100, rejected: ['R42'] });
    replaceEach(server.cache, [route('R0', 'Y')]);
    expect(names(await client.nextAndAck())).toEqual(['R0']);
    replaceEach(server.cache, [route('R42', 'Y')]);
    expect(names(await client.nextAndAck())).toEqual(['R42']);
    await client.received();
    expect(server.ads.status()[0]?.types[0]).toMatchObject({ current: 100, rejected: [] });
  });

  it('an error detail without a message rejects as well', async () => {
    replaceEach(server.cache, [cluster('X')]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    client.nack(await client.next(), '');
    expect(await client.received()).toEqual([]);
    expect(server.ads.status()[0]?.types[0]).toMatchObject({ rejections: 1, acknowledgements: 0 });
  });
});

describe('nonces of a delta stream', () => {
  it('f) a subscription with a stale nonce is honoured, but acknowledges nothing', async () => {
    replaceEach(server.cache, [cluster('X'), cluster('Y')]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    const first = await client.next();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['Y'], responseNonce: 'garbage' });
    expect(await client.received()).toEqual([]);
    expect(server.ads.status()[0]?.types[0]).toMatchObject({ named: 2, acknowledgements: 0 });
    client.ack(first);
    expect(names(await client.nextAndAck())).toEqual(['Y']);
  });

  it('o) nonces of two types are never mixed', async () => {
    replaceEach(server.cache, [cluster('X'), endpoints('X', [80])]);
    const client = server.delta();
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    const clusters = await client.next();
    client.send({ typeUrl: eds, resourceNamesSubscribe: ['X'] });
    const assignments = await client.next();
    expect(clusters.nonce).not.toBe(assignments.nonce);
    client.send({ typeUrl: cds, responseNonce: assignments.nonce });
    client.send({ typeUrl: eds, responseNonce: clusters.nonce });
    await client.received();
    expect(server.ads.status()[0]?.types.slice(0, 2)).toMatchObject([{ acknowledgements: 0 }, { acknowledgements: 0 }]);
    client.ack(clusters);
    client.ack(assignments);
    await client.received();
    expect(server.ads.status()[0]?.types.slice(0, 2)).toMatchObject([{ acknowledgements: 1 }, { acknowledgements: 1 }]);
  });

  it('n) the node comes with the first message only, and holds for every type', async () => {
    replaceEach(server.cache, [
      { ...cluster('X'), scope: 'zone', build: ({ zone }) => ({ name: 'X', altStatName: `${zone}` }) },
      {
        ...route('R', 'X'),
        scope: 'node',
        build: ({ nodeName }) => ({ name: 'R', virtualHosts: [{ name: nodeName }] }),
      },
    ]);
    const client = server.delta({ id: 'n1', locality: { zone: 'zone-1' } });
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
    expect((await client.nextAndAck()).resources[0]?.body).toMatchObject({ altStatName: 'zone-1' });
    client.send({ typeUrl: rds, resourceNamesSubscribe: ['R'] });
    expect((await client.nextAndAck()).resources[0]?.body).toMatchObject({ virtualHosts: [{ name: 'n1' }] });
    client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'], node: { id: 'other', locality: { zone: 'zone-2' } } });
    expect((await client.nextAndAck()).resources[0]?.body).toMatchObject({ altStatName: 'zone-1' });
    expect(server.ads.status()[0]?.node?.id).toBe('n1');
  });
});
