import { describe, expect, it } from 'vitest';
import type { ResourceEntry } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from './resource-cache.ts';

const { cluster, endpoint, route } = typeUrls;

function entry(typeUrl: string, name: string): ResourceEntry {
  return { typeUrl, name, wildcard: false, scope: 'fleet', build: () => ({}) };
}

const unit = (owner: string, ...entries: readonly ResourceEntry[]) => ({ owner, entries });

/** A cache with a subscriber of every name, and what they were told, in order. */
function watched(names: readonly (readonly [typeUrl: string, name: string])[]) {
  const cache = new ResourceCache();
  const told: string[] = [];
  const kindOf = new Map<string, string>([
    [cluster, 'cluster'],
    [endpoint, 'endpoints'],
    [route, 'route'],
  ]);
  for (const [typeUrl, name] of names) {
    const store = cache.store(typeUrl);
    const changed = () => {
      const slot = store.find(name);
      told.push(`${kindOf.get(typeUrl)} ${name}${slot?.entry === undefined ? ' is gone' : ''}`);
    };
    store.intern(name).addSubscriber(store.join({ changed, logged: () => undefined }, { nodeName: 'n', zone: 'z' }));
  }
  const slice = () => {
    told.length = 0;
    // A deadline that has passed: the shortest slice.
    cache.propagate(0);
    return [...told];
  };
  const all = () => {
    told.length = 0;
    while (cache.hasPending) cache.propagate(0);
    return [...told];
  };
  return { cache, slice, all };
}

describe('a batch that is announced in slices', () => {
  it('tells the removal of a cluster only after the route that drops it, however large it is', () => {
    const routes = Array.from({ length: 1_000 }, (_none, index) => `r${index}`);
    const { cache, all } = watched([
      ...routes.map((name) => [route, name] as const),
      [cluster, 'old'],
      [endpoint, 'old'],
    ]);
    cache.replaceUnits([unit('backend', entry(cluster, 'old'), entry(endpoint, 'old'))]);
    cache.replaceUnits(routes.map((name) => unit(name, entry(route, name))));
    all();
    cache.replaceUnits([unit('backend'), ...routes.map((name) => unit(name, entry(route, name)))]);
    expect(all().slice(-2)).toEqual(['cluster old is gone', 'endpoints old is gone']);
  });

  it('does not keep removals waiting for what changes later', () => {
    const { cache, slice, all } = watched([
      [cluster, 'old'],
      [route, 'r0'],
      [route, 'r1'],
    ]);
    cache.replaceUnits([unit('old', entry(cluster, 'old')), unit('r0', entry(route, 'r0'))]);
    all();
    cache.replaceUnits([unit('old'), unit('r0', entry(route, 'r0'))]);
    const told: string[] = [];
    for (let round = 0; round < 10; round++) {
      cache.replaceUnits([unit('r0', entry(route, 'r0')), unit('r1', entry(route, 'r1'))]);
      told.push(...slice());
    }
    expect(told).toContain('cluster old is gone');
  });

  it('tells a resource that comes back before its removal was told as one change, in time', () => {
    const { cache, all } = watched([
      [cluster, 'a'],
      [cluster, 'b'],
      [route, 'r'],
    ]);
    cache.replaceUnits([unit('a', entry(cluster, 'a')), unit('b', entry(cluster, 'b'))]);
    all();
    cache.replaceUnits([unit('a'), unit('b')]);
    cache.replaceUnits([unit('a', entry(cluster, 'a')), unit('r', entry(route, 'r'))]);
    expect(all().filter((text) => !text.includes('route'))).toEqual(['cluster a', 'cluster b is gone']);
    cache.replaceUnits([unit('a')]);
    cache.replaceUnits([unit('a', { ...entry(cluster, 'a'), build: () => ({ name: 'other' }) })]);
    expect(all()).toEqual(['cluster a']);
  });

  it('tells endpoints first, and others all the same while endpoints keep coming', () => {
    const names = Array.from({ length: 10 }, (_none, index) => `e${index}`);
    const { cache, slice } = watched([...names.map((name) => [endpoint, name] as const), [route, 'r']]);
    cache.replaceUnits([unit('r', entry(route, 'r')), ...names.map((name) => unit(name, entry(endpoint, name)))]);
    expect(slice()).toEqual(['endpoints e0', 'route r']);
  });
});

it('tells the others of a change when one subscriber throws (X7)', () => {
  const errors: unknown[] = [];
  const told: string[] = [];
  const cache = new ResourceCache({ onSubscriberError: ({ name }, error) => errors.push([name, error]) });
  const store = cache.store(cluster);
  const join = (changed: () => void) => {
    const index = store.join({ changed, logged: () => undefined }, { nodeName: 'n', zone: 'z' });
    for (const name of ['a', 'b']) store.intern(name).addSubscriber(index);
  };
  const failure = new Error('of the stand-in');
  join(() => {
    throw failure;
  });
  join(() => told.push('told'));
  store.wildcards.add({
    changed: () => undefined,
    logged: () => {
      throw failure;
    },
  });
  const logged = { ...entry(cluster, 'c'), wildcard: true };
  cache.replaceUnits([unit('u', entry(cluster, 'a'), entry(cluster, 'b'), logged)]);
  while (cache.hasPending) cache.propagate(0);
  expect(told).toEqual(['told', 'told']);
  expect(errors).toEqual([
    ['a', failure],
    ['b', failure],
    ['c', failure],
  ]);
});
