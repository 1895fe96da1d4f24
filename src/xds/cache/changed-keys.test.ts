import { describe, expect, it } from 'vitest';
import { replaceEach } from '../../../test/support/replace-each.ts';
import type { KeySet } from '../../resources/key-set.ts';
import type { ClientView, ResourceEntry, Scope } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from './resource-cache.ts';

const { endpoint: eds } = typeUrls;
const nodes = 5_000;

interface Differing extends ResourceEntry {
  /** By node or zone; what is not in it is port 1. */
  readonly ports: ReadonlyMap<string, number>;
}

/** Endpoints `a`, of which each node (or zone) has its own port, and which knows for whom it changed. */
function createWorld(scope: Scope) {
  const cache = new ResourceCache();
  const builds: string[] = [];
  const told: string[] = [];
  const keyOf = (view: ClientView) => (scope === 'zone' ? view.zone : view.nodeName);
  const entryOf = (ports: Differing['ports'], changedKeys: ResourceEntry['changedKeys']): Differing => ({
    ...{ typeUrl: eds, name: 'a', wildcard: false, scope, ports },
    build: (view) => {
      builds.push(keyOf(view));
      const { ports: served } = current;
      return { clusterName: 'a', policy: { overprovisioningFactor: { value: served.get(keyOf(view)) ?? 1 } } };
    },
    ...(changedKeys === undefined ? {} : { changedKeys }),
  });
  let current = entryOf(new Map(), undefined);
  const replace = (ports: Differing['ports'], changedKeys?: ResourceEntry['changedKeys']) => {
    current = entryOf(ports, changedKeys);
    replaceEach(cache, [current]);
  };
  const subscribe = (view: ClientView) => {
    const store = cache.store(eds);
    const index = store.join({ changed: () => told.push(keyOf(view)), logged: () => undefined }, view);
    store.intern('a').addSubscriber(index);
    return index;
  };
  const flush = () => {
    cache.propagate(Number.POSITIVE_INFINITY);
    return told.splice(0).sort();
  };
  const build = (views: readonly ClientView[]) => {
    for (const view of views) cache.lookup(eds, 'a', view);
    return builds.splice(0).sort();
  };
  return { cache, replace, subscribe, flush, build };
}

const views = Array.from({ length: nodes }, (_none, index) => ({ nodeName: `n${index}`, zone: `z${index % 3}` }));

describe('a resource that differs by node', () => {
  function subscribed() {
    const world = createWorld('node');
    world.replace(new Map());
    for (const view of views) world.subscribe(view);
    world.flush();
    expect(world.build(views)).toHaveLength(nodes);
    return world;
  }

  it('is built again for the nodes that changed, and only their clients are notified', () => {
    const { replace, flush, build } = subscribed();
    replace(new Map([['n7', 2]]), () => new Set(['n7', 'of-no-client']));
    expect(flush()).toEqual(['n7']);
    expect(build(views)).toEqual(['n7']);
  });

  it('is built again for those of several changes that are announced as one', () => {
    const { replace, flush, build } = subscribed();
    replace(new Map([['n7', 2]]), () => new Set(['n7']));
    replace(new Map([['n8', 2]]), () => new Set(['n7', 'n8']));
    const notNine: KeySet = { has: (key) => key === 'n9' };
    replace(new Map([['n8', 2]]), () => notNine);
    expect(flush()).toEqual(['n7', 'n8', 'n9']);
    expect(build(views)).toEqual(['n7', 'n8', 'n9']);
  });

  it('is built again for all when it is not known who changed, even in one of several changes', () => {
    const { replace, flush, build } = subscribed();
    replace(new Map([['n7', 2]]), () => new Set(['n7']));
    replace(new Map([['n8', 2]]));
    replace(new Map([['n9', 2]]), () => new Set(['n8', 'n9']));
    expect(flush()).toHaveLength(nodes);
    expect(build(views)).toHaveLength(nodes);
  });

  it('is announced to all when it was removed and added in between', () => {
    const { cache, replace, flush } = subscribed();
    replaceEach(cache, [], [{ typeUrl: eds, name: 'a' }]);
    replace(new Map(), () => new Set());
    expect(flush()).toHaveLength(nodes);
  });

  it('is found by the node that a client has now', () => {
    const { cache, replace, subscribe, flush } = createWorld('node');
    replace(new Map());
    const moving = subscribe({ nodeName: 'n1', zone: '' });
    flush();
    cache.store(eds).move(moving, { nodeName: 'n2', zone: '' });
    replace(new Map([['n1', 2]]), () => new Set(['n1']));
    expect(flush()).toEqual([]);
    replace(new Map([['n2', 2]]), () => new Set(['n2']));
    expect(flush()).toHaveLength(1);
    cache.store(eds).leave(moving);
    replace(new Map([['n2', 3]]), () => new Set(['n2']));
    expect(flush()).toEqual([]);
  });
});

describe('a resource that differs by zone', () => {
  it('is built again for the zones that changed, and only their clients are notified', () => {
    const { replace, subscribe, flush, build } = createWorld('zone');
    replace(new Map());
    for (const view of views) subscribe(view);
    flush();
    expect(build(views)).toEqual(['z0', 'z1', 'z2']);
    replace(new Map([['z1', 2]]), () => new Set(['z1']));
    expect([...new Set(flush())]).toEqual(['z1']);
    expect(build(views)).toEqual(['z1']);
  });

  it('is forgotten for a zone when its last client goes', () => {
    const { cache, replace, subscribe, flush, build } = createWorld('zone');
    replace(new Map());
    const [first = 0, second = 0] = [1, 2].map((node) => subscribe({ nodeName: `n${node}`, zone: 'made-up' }));
    subscribe({ nodeName: 'n3', zone: 'z0' });
    flush();
    const zones = [
      { nodeName: '', zone: 'made-up' },
      { nodeName: '', zone: 'z0' },
    ];
    expect(build(zones)).toEqual(['made-up', 'z0']);
    const store = cache.store(eds);
    const leave = (index: number) => {
      store.find('a')?.deleteSubscriber(index);
      store.leave(index);
    };
    leave(first);
    expect(build(zones)).toEqual([]);
    leave(second);
    expect(build(zones)).toEqual(['made-up']);
  });
});
