import { describe, expect, it } from 'vitest';
import type { ResourceEntry } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from './resource-cache.ts';

const { cluster: cds } = typeUrls;
const view = { nodeName: 'n', zone: '' };

/** A cache that resolves names `OWNER:PORT` while the owner is known, and who asks for them. */
function createWorld() {
  const timeouts = new Map<string, number>();
  const resolved: string[] = [];
  const entryOf = (name: string, seconds: number): ResourceEntry => ({
    ...{ typeUrl: cds, name, wildcard: false, scope: 'fleet' },
    build: () => ({ name, connectTimeout: { seconds } }),
  });
  const cache = new ResourceCache({
    resolve: (typeUrl, name) => {
      resolved.push(name);
      const [owner = '', port] = name.split(':');
      if (typeUrl !== cds || port === undefined) return undefined;
      const seconds = timeouts.get(owner);
      return { owner, entry: seconds === undefined ? undefined : entryOf(name, seconds) };
    },
  });
  const told: string[] = [];
  const ask = (name: string) => {
    const store = cache.store(cds);
    const index = store.join(
      { changed: (slot) => told.push(`${slot.name} ${slot.entry === undefined}`), logged: () => undefined },
      view,
    );
    const slot = store.intern(name);
    slot.addSubscriber(index);
    return () => {
      slot.deleteSubscriber(index);
      store.releaseIfUnused(slot);
      store.leave(index);
      cache.releaseStore(store);
    };
  };
  /** The owner changed: its unit lists these entries, and names of it are resolved to a cluster of this time-out. */
  const change = (owner: string, seconds: number | undefined, entries: readonly ResourceEntry[] = []) => {
    if (seconds === undefined) timeouts.delete(owner);
    else timeouts.set(owner, seconds);
    cache.replaceUnits([{ owner, entries }]);
    cache.propagate(Number.POSITIVE_INFINITY);
    return told.splice(0);
  };
  const version = (name: string) => cache.lookup(cds, name, view)?.version;
  return { cache, resolved, ask, change, version, entryOf };
}

describe('a resource that no unit has', () => {
  it('is made when somebody asks for it, once, and not kept when nobody does any more', () => {
    const { cache, resolved, ask, change, version } = createWorld();
    change('web', 1);
    expect(version('web:80')).toBeUndefined();
    const [first, second] = [ask('web:80'), ask('web:80')];
    expect(version('web:80')).toBeDefined();
    expect(resolved).toEqual(['web:80']);
    first();
    expect(version('web:80')).toBeDefined();
    second();
    expect(cache.findStore(cds)).toBeUndefined();
    change('web', 2);
    expect(resolved).toEqual(['web:80']);
  });

  it('is made again when the unit of its owner is replaced, also when that comes later or goes', () => {
    const { ask, change, version } = createWorld();
    ask('web:80');
    expect(version('web:80')).toBeUndefined();
    expect(change('web', 1)).toEqual(['web:80 false']);
    const before = version('web:80');
    expect(before).toBeDefined();
    expect(change('other', 1)).toEqual([]);
    expect(change('web', 1)).toEqual([]);
    expect(change('web', 2)).toEqual(['web:80 false']);
    expect(version('web:80')).not.toBe(before);
    expect(change('web', undefined)).toEqual(['web:80 true']);
    expect(version('web:80')).toBeUndefined();
  });

  it('is not of the wildcard set, and keeps no trace of a name that means nothing', () => {
    const { cache, ask, change } = createWorld();
    change('web', 1);
    const letGo = [ask('web:80'), ask('nonsense')];
    expect(cache.store(cds).log.live).toBe(0);
    for (const each of letGo) each();
    expect(cache.findStore(cds)).toBeUndefined();
  });

  it('gives way to the entry of a unit, and takes its place when that goes', () => {
    const { ask, change, version, entryOf } = createWorld();
    ask('web:80');
    change('web', 1);
    const resolved = version('web:80');
    change('backend', undefined, [entryOf('web:80', 7)]);
    const owned = version('web:80');
    expect(owned).not.toBe(resolved);
    change('web', 2);
    expect(version('web:80')).toBe(owned);
    change('web', 1);
    change('backend', undefined);
    expect(version('web:80')).toBe(resolved);
    expect(change('web', 3)).toEqual(['web:80 false']);
  });

  it('is not kept for its owner when it was asked for and turned away', () => {
    const { cache, resolved, change } = createWorld();
    const store = cache.store(cds);
    store.releaseIfUnused(store.intern('web:80'));
    expect(resolved.splice(0)).toEqual(['web:80']);
    change('web', 1);
    expect(resolved).toEqual([]);
  });

  it('keeps its last entry when it cannot be made', () => {
    const failures: unknown[] = [];
    let isBroken = false;
    const { entryOf } = createWorld();
    const cache = new ResourceCache({
      onBuildError: (resource, error) => failures.push([resource.name, String(error)]),
      resolve: (_typeUrl, name) => {
        if (isBroken) throw new Error('broken');
        return { owner: 'web', entry: entryOf(name, 1) };
      },
    });
    const store = cache.store(cds);
    store.intern('web:80').addSubscriber(store.join({ changed: () => undefined, logged: () => undefined }, view));
    isBroken = true;
    cache.replaceUnits([{ owner: 'web', entries: [] }]);
    expect(cache.lookup(cds, 'web:80', view)).toBeDefined();
    expect(failures).toEqual([['web:80', 'Error: broken']]);
  });
});
