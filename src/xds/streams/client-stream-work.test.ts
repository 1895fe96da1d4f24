import { describe, expect, it } from 'vitest';
import { AnsweringClient } from '../../../test/support/answering-client.ts';
import { deltaRequest } from '../../../test/support/delta-request.ts';
import { replaceEach } from '../../../test/support/replace-each.ts';
import type { ResourceEntry } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from '../cache/resource-cache.ts';

const { cluster, endpoint, route } = typeUrls;

function entry(typeUrl: string, name: string): ResourceEntry {
  const build = () => (typeUrl === endpoint ? { clusterName: name } : { name });
  return { typeUrl, name, wildcard: false, scope: 'fleet', build };
}

function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `name-${index}`);
}

function filled(typeUrl: string, count: number): ResourceCache {
  const cache = new ResourceCache();
  replaceEach(
    cache,
    names(count).map((name) => entry(typeUrl, name)),
  );
  return cache;
}

describe('a full state', () => {
  it('is built in slices, also what turns out to be the same', () => {
    let built = 0;
    const counted = (name: string): ResourceEntry => {
      const build = () => {
        built += 1;
        return { name };
      };
      return { ...entry(cluster, name), scope: 'node', build };
    };
    const cache = new ResourceCache();
    replaceEach(cache, names(10).map(counted));
    const client = new AnsweringClient(cache, cluster, { variant: 'sotw' });
    client.request({ subscribe: names(10) });
    client.read();
    client.answer();
    built = 0;
    replaceEach(cache, names(10).map(counted));
    cache.propagate(Number.POSITIVE_INFINITY);
    const slices: number[] = [];
    for (let before = -1; before !== built; ) {
      before = built;
      client.stream.next(0);
      slices.push(built - before);
    }
    expect(slices).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
  });
});

describe('the search for rejected resources', () => {
  it('takes turns with new work', () => {
    const cache = filled(cluster, 1_000);
    const client = new AnsweringClient(cache, cluster);
    client.request({ subscribe: names(1_000) });
    client.read();
    client.answer('all of them are bad');
    replaceEach(cache, [entry(cluster, 'new')]);
    const before: number[] = [];
    client.read();
    client.answer('bad');
    client.request({ subscribe: ['new'] });
    for (let batch = client.read(); batch?.changed[0] !== 'new'; batch = client.read()) {
      before.push(batch?.resources.length ?? 0);
      client.answer('bad');
    }
    expect(before.length).toBeLessThan(2);
  });

  it('continues beside permanent new work, and finds all that is at fault', () => {
    const cache = filled(cluster, 8);
    const client = new AnsweringClient(cache, cluster);
    client.request({ subscribe: [...names(8), 'busy'] });
    const isBad = (name: string) => name === 'name-3' || name === 'name-4';
    for (let index = 0; index < 40; index++) {
      const busy = { ...entry(cluster, 'busy'), build: () => ({ name: 'busy', connectTimeout: { seconds: index } }) };
      replaceEach(cache, [busy]);
      client.answer(client.read()?.resources.some(({ name }) => isBad(name)) === true ? 'bad' : undefined);
    }
    expect(client.stream.status(false)[0]?.rejected.toSorted()).toEqual(['name-3', 'name-4']);
    expect(client.stream.status(false)).toMatchObject([{ current: 7, wanted: 9 }]);
  });
});

describe('removals of clusters that are held back', () => {
  it('are not looked through again and again', () => {
    const cache = filled(cluster, 200);
    const client = new AnsweringClient(cache, cluster, { limits: { responseBytes: 1_000 } });
    client.request({ subscribe: names(200) });
    client.settle();
    replaceEach(cache, [entry(route, 'r')]);
    client.stream.receiveDelta(deltaRequest({ typeUrl: route, subscribe: ['r'] }));
    const batch = client.stream.next(Number.POSITIVE_INFINITY);
    if (batch === undefined || batch === 'later') throw new Error('There is nothing to send');
    client.stream.sent([], { batch, nonce: 'route', sentAt: 0 });
    replaceEach(
      cache,
      [],
      names(200).map((name) => ({ typeUrl: cluster, name })),
    );
    cache.propagate(Number.POSITIVE_INFINITY);
    // Each is set aside once, in portions of a response; then there is nothing to do.
    for (let times = 0; times < 10; times++) client.stream.next(Number.POSITIVE_INFINITY);
    expect(client.stream.next(Number.POSITIVE_INFINITY)).toBeUndefined();
    expect(client.stream.isSettled).toBe(false);
    client.stream.receiveDelta(deltaRequest({ typeUrl: route, nonce: 'route' }));
    expect(client.settle().flatMap(({ removed }) => removed)).toHaveLength(200);
  });
});

it('sends nothing again to a client of the state of the world that drops a name', () => {
  const client = new AnsweringClient(filled(endpoint, 10), endpoint, { variant: 'sotw' });
  client.request({ subscribe: names(10) });
  client.settle();
  client.request({ subscribe: names(9), nonce: '1' });
  expect(client.settle()).toEqual([]);
});
