import { describe, expect, it } from 'vitest';
import type { ResourceEntry } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { viewPace } from './pace.ts';
import { ResourceCache } from './resource-cache.ts';

const { cluster, serviceView } = typeUrls;
const noDeadline = Number.POSITIVE_INFINITY;

function entry(typeUrl: string, name: string): ResourceEntry {
  return { typeUrl, name, wildcard: true, scope: 'fleet', build: () => ({}) };
}

/** A cache whose views are told at this interval, with a client that wants everything of both types. */
function watched(intervalMs: number) {
  const told: string[] = [];
  const cache = new ResourceCache({ pace: (typeUrl) => (typeUrl === serviceView ? () => intervalMs : undefined) });
  for (const typeUrl of [cluster, serviceView]) {
    const kind = typeUrl === cluster ? 'cluster' : 'view';
    cache.store(typeUrl).wildcards.add({ changed: () => told.push(kind), logged: () => told.push(kind) });
  }
  const put = (owner: string, ...typesOf: readonly string[]) =>
    cache.replaceUnits([{ owner, entries: typesOf.map((typeUrl) => entry(typeUrl, owner)) }]);
  const propagate = (deadline = noDeadline) => {
    told.length = 0;
    cache.propagate(deadline);
    return [...told];
  };
  return { cache, put, propagate };
}

describe('changes that are announced at intervals', () => {
  it('are announced at once after a pause, and then together with the next', () => {
    const { cache, put, propagate } = watched(3_600_000);
    put('a', serviceView);
    expect(propagate()).toEqual(['view']);
    put('b', serviceView);
    put('c', serviceView);
    expect(propagate()).toEqual([]);
    expect(cache.hasPending).toBe(true);
    expect(cache.dueInMs).toBeGreaterThan(3_000_000);
  });

  it('keep nothing else waiting', () => {
    const { cache, put, propagate } = watched(3_600_000);
    put('a', serviceView, cluster);
    propagate();
    put('b', serviceView, cluster);
    expect(cache.dueInMs).toBe(0);
    expect(propagate()).toEqual(['cluster']);
  });

  it('are announced in slices when they are many, one after the other', () => {
    const { cache, put, propagate } = watched(3_600_000);
    for (const owner of ['a', 'b', 'c']) put(owner, serviceView);
    const past = performance.now();
    expect(propagate(past)).toEqual(['view']);
    expect(cache.dueInMs).toBe(0);
    // What comes meanwhile is for the next time.
    put('d', serviceView);
    expect([propagate(past), propagate(past), propagate(past)]).toEqual([['view'], ['view'], []]);
    expect(cache.hasPending).toBe(true);
    expect(cache.dueInMs).toBeGreaterThan(3_000_000);
  });

  it('include removals', () => {
    const { put, propagate } = watched(0);
    put('a', serviceView);
    propagate();
    put('a');
    expect(propagate()).toEqual(['view']);
  });
});

describe('viewPace', () => {
  it('keeps the responses of all agents together below 10,000 a second, and none waiting for more than a second', () => {
    const interval = viewPace(serviceView);
    expect([1, 100, 1_000, 5_000, 50_000].map((agents) => interval?.(agents))).toEqual([0.1, 10, 100, 500, 1_000]);
    expect(viewPace(cluster)).toBeUndefined();
  });
});
