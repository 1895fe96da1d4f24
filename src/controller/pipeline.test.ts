import { describe, expect, it } from 'vitest';
import { anEndpoint, aPort, aService, aSlice, serviceUpdate, sliceUpdate } from '../../test/support/builders.ts';
import { ModelStore, type ModelUpdate } from '../model/model.ts';
import type { Problem } from '../model/problem.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { grpcResolver } from '../translate/grpc.ts';
import { defaultSettings } from '../translate/settings.ts';
import { translate } from '../translate/translate.ts';
import { ResourceCache } from '../xds/cache/resource-cache.ts';
import { Pipeline } from './pipeline.ts';

function service(name: string, clusterIP: string, createdAt = '2026-01-01T00:00:00Z'): ModelUpdate {
  const ports = [aPort({ name: 'http', appProtocol: 'http' })];
  return serviceUpdate(aService({ name, createdAt, clusterIPs: [clusterIP], ports }));
}

function slice(serviceName: string, address: string): ModelUpdate {
  const ports = [{ name: 'http', protocol: 'TCP', port: 8080 }] as const;
  return sliceUpdate(aSlice({ serviceName, ports, endpoints: [anEndpoint(address)] }));
}

const view = { nodeName: 'node1', zone: '' };

/** A pipeline into a cache, and the types of the last batch. */
function createWorld() {
  const model = new ModelStore();
  const cache = new ResourceCache({ resolve: grpcResolver(model) });
  const warnings = new Map<string, readonly Problem[]>();
  const world = { model, cache, warnings, last: [] as string[], viewsChanged: [] as string[], apply };
  const pipeline = new Pipeline({
    model,
    settings: defaultSettings,
    onProblems: (owner, found) => warnings.set(owner, found),
    sink: {
      replaceUnits: (units) => {
        const batch = [...units];
        cache.replaceUnits(batch);
        world.last = batch.flatMap(({ entries }) => entries.map(({ typeUrl }) => typeUrl));
      },
      viewsChanged: (names) => world.viewsChanged.push(...names),
    },
  });
  function apply(...updates: ModelUpdate[]) {
    const change = model.apply(updates);
    if (change !== undefined) pipeline.apply(change);
  }
  return world;
}

/** Names of the clusters that a full translation has for Envoy; those for gRPC are made when asked for. */
function translatedClusters(model: ModelStore): readonly string[] {
  const { clusters } = translate(model, view, defaultSettings);
  return clusters.map(({ name }) => name).filter((name) => !name.includes('/'));
}

function namesIn(cache: ResourceCache, typeUrl: string): readonly string[] {
  const slots = [...(cache.findStore(typeUrl)?.slots() ?? [])];
  return slots.flatMap(({ entry, name }) => (entry === undefined ? [] : name)).sort();
}

const clustersIn = (cache: ResourceCache) => namesIn(cache, typeUrls.cluster);

describe('Pipeline', () => {
  it('serves the listeners before there is any Service', () => {
    expect(namesIn(createWorld().cache, typeUrls.listener)).toEqual(['http', 'tcp']);
  });

  it('holds what a full translation holds, through additions, changes and deletions', () => {
    const world = createWorld();
    world.apply(service('a', '10.96.0.1'), slice('a', '10.244.0.1'), service('b', '10.96.0.2'));
    expect(clustersIn(world.cache)).toEqual([...translatedClusters(world.model)].sort());
    world.apply(service('a', '10.96.0.9'));
    expect(clustersIn(world.cache)).toContain('10.96.0.9:80');
    expect(clustersIn(world.cache)).not.toContain('10.96.0.1:80');
    world.apply({ kind: 'Service', key: 'shop/a', value: undefined });
    expect(clustersIn(world.cache)).toEqual([...translatedClusters(world.model)].sort());
  });

  it('makes what gRPC clients ask for, and again when the Service or its endpoints change', () => {
    const { cache, apply } = createWorld();
    const [cds, eds] = [typeUrls.cluster, typeUrls.endpoint];
    for (const typeUrl of [cds, eds]) {
      const store = cache.store(typeUrl);
      store.intern('shop/a:80').addSubscriber(store.join({ changed: () => undefined, logged: () => undefined }, view));
    }
    const version = (typeUrl: string) => cache.lookup(typeUrl, 'shop/a:80', view)?.version;
    expect([version(cds), version(eds)]).toEqual([undefined, undefined]);
    apply(service('a', '10.96.0.1'), slice('a', '10.244.0.1'));
    const [cluster, endpoints] = [version(cds), version(eds)];
    expect([cluster, endpoints]).not.toContain(undefined);
    apply(slice('a', '10.244.0.2'));
    expect(version(cds)).toBe(cluster);
    expect(version(eds)).not.toBe(endpoints);
    apply({ kind: 'Service', key: 'shop/a', value: undefined });
    expect([version(cds), version(eds)]).toEqual([undefined, undefined]);
  });

  it('takes the short path for endpoints', () => {
    const world = createWorld();
    world.apply(service('a', '10.96.0.1'), slice('a', '10.244.0.1'));
    world.apply(slice('a', '10.244.0.2'));
    expect([...new Set(world.last)].sort()).toEqual([typeUrls.endpoint, typeUrls.serviceView].sort());
  });

  it('moves an address to the Service that now holds it', () => {
    const world = createWorld();
    world.apply(service('b', '10.96.0.1', '2026-01-01T00:00:00Z'), service('a', '10.96.0.1', '2026-02-01T00:00:00Z'));
    expect(world.warnings.get('service/shop/a')).toHaveLength(1);
    world.apply({ kind: 'Service', key: 'shop/b', value: undefined });
    expect(clustersIn(world.cache)).toContain('10.96.0.1:80');
    expect(world.warnings.get('service/shop/a')).toEqual([]);
  });

  it('names the Service that holds an address now, also to a third that claims it', () => {
    const world = createWorld();
    const [first, second, third] = ['2026-01-01', '2026-02-01', '2026-03-01'].map((day) => `${day}T00:00:00Z`);
    world.apply(service('a', '10.96.0.1', first), service('b', '10.96.0.1', second), service('c', '10.96.0.1', third));
    expect(world.warnings.get('service/shop/c')?.[0]?.message).toContain('Service shop/a');
    world.apply({ kind: 'Service', key: 'shop/a', value: undefined });
    expect(world.warnings.get('service/shop/c')?.[0]?.message).toContain('Service shop/b');
  });

  it('passes on which nodes changed', () => {
    const world = createWorld();
    world.apply({
      kind: 'Node',
      key: 'node1',
      value: { name: 'node1', zone: 'zone-1', addresses: [], podCidrs: [], isLeaving: false },
    });
    expect(world.viewsChanged).toEqual(['node1']);
  });
});
