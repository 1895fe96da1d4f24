import { describe, expect, it } from 'vitest';
import type { ClientView, ResourceEntry, Scope } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from './resource-cache.ts';

const { cluster: cds } = typeUrls;
const inZone = (zone: string, nodeName = 'n'): ClientView => ({ zone, nodeName });

function entry(name: string, scope: Scope, builds: ClientView[], seconds = 1): ResourceEntry {
  const build = (client: ClientView) => {
    builds.push(client);
    return { name, connectTimeout: { seconds }, altStatName: scope === 'zone' ? client.zone.slice(0, 1) : '' };
  };
  return { typeUrl: cds, name, wildcard: false, scope, build };
}

describe('the cache of resources', () => {
  it('builds nothing before somebody asks, and then once for the fleet', () => {
    const cache = new ResourceCache();
    const builds: ClientView[] = [];
    cache.apply([entry('a', 'fleet', builds)], []);
    expect(builds).toEqual([]);
    const one = cache.lookup(cds, 'a', inZone('x'));
    expect(cache.lookup(cds, 'a', inZone('y'))).toBe(one);
    expect(builds).toHaveLength(1);
  });

  it('builds once per zone, and shares the bytes where they are equal', () => {
    const cache = new ResourceCache();
    const builds: ClientView[] = [];
    cache.apply([entry('a', 'zone', builds)], []);
    const [x1, x2, y, z] = ['x1', 'x2', 'y', 'x1'].map((zone) => cache.lookup(cds, 'a', inZone(zone)));
    expect(builds).toHaveLength(3);
    expect(x2).toBe(x1);
    expect(z).toBe(x1);
    expect(y?.version).not.toBe(x1?.version);
  });

  it('has the same version for the same content, and the same stamp when it comes back', () => {
    const cache = new ResourceCache();
    const other = new ResourceCache();
    const versions = [1, 2, 1].map((seconds) => {
      cache.apply([entry('a', 'fleet', [], seconds)], []);
      return cache.lookup(cds, 'a', inZone('x'));
    });
    expect(versions[2]?.stamp).toBe(versions[0]?.stamp);
    expect(versions[1]?.stamp).not.toBe(versions[0]?.stamp);
    other.apply([entry('a', 'fleet', [], 1)], []);
    expect(other.lookup(cds, 'a', inZone('y'))?.version).toBe(versions[0]?.version);
  });

  it('tells once of what cannot be built, and serves what it built before', () => {
    const told: string[] = [];
    const cache = new ResourceCache({ onBuildError: ({ name }, error) => told.push(`${name}: ${String(error)}`) });
    cache.apply([entry('a', 'fleet', [])], []);
    const before = cache.lookup(cds, 'a', inZone('x'));
    const broken = () => {
      throw new Error('broken');
    };
    cache.apply([{ ...entry('a', 'fleet', []), build: broken }], []);
    expect(cache.lookup(cds, 'a', inZone('x'))).toBe(before);
    expect(cache.lookup(cds, 'a', inZone('x'))).toBe(before);
    expect(told).toEqual(['a: Error: broken']);
  });

  it('lists what exists, and forgets what was removed', () => {
    const cache = new ResourceCache();
    cache.apply([entry('a', 'fleet', []), entry('b', 'fleet', [])], []);
    expect([...cache.names(cds)]).toEqual(['a', 'b']);
    expect([...cache.typeUrls()]).toEqual([cds]);
    cache.apply(
      [],
      [
        { typeUrl: cds, name: 'a' },
        { typeUrl: cds, name: 'never' },
        { typeUrl: 'no', name: 'x' },
      ],
    );
    expect([...cache.names(cds)]).toEqual(['b']);
    expect(cache.lookup(cds, 'a', inZone('x'))).toBeUndefined();
    cache.apply([], [{ typeUrl: cds, name: 'b' }]);
    cache.propagate(Number.POSITIVE_INFINITY);
    expect(cache.findStore(cds)).toBeUndefined();
  });
});
