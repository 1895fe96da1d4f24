import { describe, expect, it } from 'vitest';
import { replaceEach } from '../../../test/support/replace-each.ts';
import type { ClientView, ResourceEntry, Scope } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from './resource-cache.ts';

const { cluster: cds } = typeUrls;
const inZone = (zone: string, nodeName = 'n'): ClientView => ({ zone, nodeName });

const gone = (name: string) => [{ typeUrl: cds, name }];

function entry(name: string, scope: Scope, builds: ClientView[], seconds = 1): ResourceEntry {
  const build = (client: ClientView) => {
    builds.push(client);
    return { name, connectTimeout: { seconds }, altStatName: scope === 'zone' ? client.zone.slice(0, 1) : '' };
  };
  return { typeUrl: cds, name, wildcard: false, scope, build };
}

/** Somebody who asks for it, so that it is remembered. */
function hold(cache: ResourceCache, name: string): void {
  const store = cache.store(cds);
  store.intern(name).addSubscriber(store.join({ changed: () => undefined, logged: () => undefined }, inZone('x')));
}

describe('the cache of resources', () => {
  it('builds nothing before somebody asks, and then once for the fleet', () => {
    const cache = new ResourceCache();
    const builds: ClientView[] = [];
    replaceEach(cache, [entry('a', 'fleet', builds)]);
    expect(builds).toEqual([]);
    const one = cache.lookup(cds, 'a', inZone('x'));
    expect(cache.lookup(cds, 'a', inZone('y'))).toBe(one);
    expect(builds).toHaveLength(1);
  });

  it('builds once per zone, and shares the bytes where they are equal', () => {
    const cache = new ResourceCache();
    const builds: ClientView[] = [];
    replaceEach(cache, [entry('a', 'zone', builds)]);
    const [x1, x2, y, z] = ['x1', 'x2', 'y', 'x1'].map((zone) => cache.lookup(cds, 'a', inZone(zone)));
    expect(builds).toHaveLength(3);
    expect(x2).toBe(x1);
    expect(z).toBe(x1);
    expect(y?.version).not.toBe(x1?.version);
  });

  it('has the same version for the same content, and the same stamp when it comes back', () => {
    const cache = new ResourceCache();
    const other = new ResourceCache();
    hold(cache, 'a');
    const versions = [1, 2, 1].map((seconds) => {
      replaceEach(cache, [entry('a', 'fleet', [], seconds)]);
      return cache.lookup(cds, 'a', inZone('x'));
    });
    expect(versions[2]?.stamp).toBe(versions[0]?.stamp);
    expect(versions[1]?.stamp).not.toBe(versions[0]?.stamp);
    replaceEach(other, [entry('a', 'fleet', [], 1)]);
    expect(other.lookup(cds, 'a', inZone('y'))?.version).toBe(versions[0]?.version);
  });

  it('reports once what cannot be built, and keeps what it built before', () => {
    const told: string[] = [];
    const cache = new ResourceCache({ onBuildError: ({ name }, error) => told.push(`${name}: ${String(error)}`) });
    hold(cache, 'a');
    replaceEach(cache, [entry('a', 'fleet', [])]);
    const before = cache.lookup(cds, 'a', inZone('x'));
    const broken = () => {
      throw new Error('broken');
    };
    replaceEach(cache, [{ ...entry('a', 'fleet', []), build: broken }]);
    expect(cache.lookup(cds, 'a', inZone('x'))).toBe(before);
    expect(cache.lookup(cds, 'a', inZone('x'))).toBe(before);
    expect(told).toEqual(['a: Error: broken']);
  });

  it('answers a name whose first build throws as absent, and recovers with the next entry', () => {
    const told: string[] = [];
    const cache = new ResourceCache({ onBuildError: ({ name }) => told.push(name) });
    const build = () => {
      throw new Error('broken');
    };
    for (const scope of ['fleet', 'node'] as const) {
      const broken: ResourceEntry = { ...entry(scope, scope, []), build };
      replaceEach(cache, [broken]);
      expect([1, 2].map(() => cache.lookup(cds, scope, inZone('x')))).toEqual([undefined, undefined]);
      // Whatever it says of whom it changed for: what could not be built is tried again.
      replaceEach(cache, [{ ...entry(scope, scope, []), changedKeys: () => new Set() }]);
      expect(cache.lookup(cds, scope, inZone('x'))).toBeDefined();
    }
    expect(told).toEqual(['fleet', 'node']);
  });

  it('forgets what was removed, and the type with its last resource', () => {
    const cache = new ResourceCache();
    replaceEach(cache, [entry('a', 'fleet', []), entry('b', 'fleet', [])]);
    replaceEach(cache, [], [...gone('a'), ...gone('never'), { typeUrl: 'no', name: 'x' }]);
    expect(cache.lookup(cds, 'a', inZone('x'))).toBeUndefined();
    expect(cache.lookup(cds, 'b', inZone('x'))).toBeDefined();
    replaceEach(cache, [], gone('b'));
    cache.propagate(Number.POSITIVE_INFINITY);
    expect(cache.findStore(cds)).toBeUndefined();
  });
});

describe('the owner of a name', () => {
  const has = (cache: ResourceCache, name: string) => cache.lookup(cds, name, inZone('x')) !== undefined;
  const unit = (owner: string, ...names: readonly string[]) => ({
    owner,
    entries: names.map((name) => entry(name, 'fleet', [])),
  });

  it('loses what it does not list any more', () => {
    const cache = new ResourceCache();
    cache.replaceUnits([unit('one', 'a', 'b')]);
    cache.replaceUnits([unit('one', 'b', 'c')]);
    expect(['a', 'b', 'c'].filter((name) => has(cache, name))).toEqual(['b', 'c']);
    cache.replaceUnits([unit('one')]);
    expect(['a', 'b', 'c'].filter((name) => has(cache, name))).toEqual([]);
  });

  it('is the unit that listed it last, and the one before cannot remove it', () => {
    const cache = new ResourceCache();
    cache.replaceUnits([unit('old', 'a')]);
    cache.replaceUnits([unit('new', 'a')]);
    cache.replaceUnits([unit('old')]);
    expect(has(cache, 'a')).toBe(true);
    cache.replaceUnits([unit('new')]);
    expect(has(cache, 'a')).toBe(false);
  });

  it.each([
    ['before', [unit('old', 'b'), unit('new', 'a')]],
    ['after', [unit('new', 'a'), unit('old', 'b')]],
  ])('changes within a batch, also when the one that lets go stands %s the other', (_order, batch) => {
    const cache = new ResourceCache();
    cache.replaceUnits([unit('old', 'a', 'b')]);
    cache.replaceUnits(batch);
    expect(['a', 'b'].filter((name) => has(cache, name))).toEqual(['a', 'b']);
  });
});
