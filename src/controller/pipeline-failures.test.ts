import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aPort, aService, serviceUpdate } from '../../test/support/builders.ts';
import { ModelStore, type ModelUpdate } from '../model/model.ts';
import { formatProblem, type Problem } from '../model/problem.ts';
import type { ServicePort } from '../model/service.ts';
import type { ResourceUnit } from '../resources/resource-unit.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { defaultSettings } from '../translate/settings.ts';
import { ResourceCache } from '../xds/cache/resource-cache.ts';
import { Pipeline } from './pipeline.ts';

const ports: readonly ServicePort[] = [aPort({ name: 'http', appProtocol: 'http' })];

function service(name: string, clusterIP: string, rest: { readonly ports?: readonly ServicePort[] } = {}): ModelUpdate {
  return serviceUpdate(aService({ name, clusterIPs: [clusterIP], ports, ...rest }));
}

/** No Service that a converter makes, but one that a mistake of ours might. */
const bad = (name: string, clusterIP: string) =>
  service(name, clusterIP, { ports: [undefined as unknown as ServicePort] });

function createWorld() {
  const model = new ModelStore();
  const cache = new ResourceCache();
  const problems = new Map<string, readonly Problem[]>();
  const errors: string[] = [];
  const sink = { throws: false };
  const pipeline = new Pipeline({
    model,
    settings: defaultSettings,
    sink: {
      replaceUnits: (units: Iterable<ResourceUnit>) => {
        if (sink.throws) throw new Error('the cache is broken');
        cache.replaceUnits(units);
      },
      viewsChanged: () => undefined,
    },
    onProblems: (owner, found) => {
      if (found.length === 0) problems.delete(owner);
      else problems.set(owner, found);
    },
    onError: (owner) => errors.push(owner),
  });
  function apply(...updates: ModelUpdate[]) {
    const change = model.apply(updates);
    if (change !== undefined) pipeline.apply(change);
  }
  const clusters = () => {
    const slots = [...(cache.findStore(typeUrls.cluster)?.slots() ?? [])];
    return slots
      .filter(({ entry, name }) => entry !== undefined && !name.includes('/'))
      .map(({ name }) => name)
      .sort();
  };
  const texts = () => [...problems.values()].flat().map(formatProblem);
  return { apply, clusters, texts, errors, sink, pipeline };
}

describe('a Service whose translation throws', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('does not keep the others of its batch from being translated', () => {
    const { apply, clusters } = createWorld();
    apply(service('a', '10.0.0.1'), bad('b', '10.0.0.2'), service('c', '10.0.0.3'));
    expect(clusters()).toEqual(['10.0.0.1:80', '10.0.0.3:80']);
  });

  it('keeps the resources that it had, and is named with the reason', () => {
    const { apply, clusters, texts, errors } = createWorld();
    apply(service('a', '10.0.0.1'));
    apply(bad('a', '10.0.0.1'));
    expect(clusters()).toEqual(['10.0.0.1:80']);
    expect(texts()[0]).toMatch(/^Service shop\/a: could not be translated \(service\): .*undefined.*; its previous/);
    expect(errors).toContain('service/shop/a');
  });

  it('is translated again when it changes, and no longer reported', () => {
    const { apply, clusters, texts } = createWorld();
    apply(bad('a', '10.0.0.1'));
    apply(service('a', '10.0.0.2'));
    expect(clusters()).toEqual(['10.0.0.2:80']);
    expect(texts()).toEqual([]);
  });

  it('goes when its object goes', () => {
    const { apply, clusters, texts } = createWorld();
    apply(service('a', '10.0.0.1'));
    apply(bad('a', '10.0.0.1'));
    apply({ kind: 'Service', key: 'shop/a', value: undefined });
    expect(clusters()).toEqual([]);
    expect(texts()).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is tried again after a while, ever more rarely', () => {
    const { apply, errors, pipeline } = createWorld();
    apply(bad('a', '10.0.0.1'));
    const atFirst = errors.length;
    vi.advanceTimersByTime(1_000);
    expect(errors.length).toBe(2 * atFirst);
    vi.advanceTimersByTime(3_600_000);
    expect(errors.length).toBeLessThan(200 * atFirst);
    pipeline.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a batch that the cache does not take', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('is given to it again after a while', () => {
    const { apply, clusters, sink } = createWorld();
    sink.throws = true;
    apply(service('a', '10.0.0.1'));
    expect(clusters()).toEqual([]);
    sink.throws = false;
    vi.advanceTimersByTime(1_000);
    expect(clusters()).toEqual(['10.0.0.1:80']);
  });

  it('is given to it with the next one', () => {
    const { apply, clusters, sink } = createWorld();
    sink.throws = true;
    apply(service('a', '10.0.0.1'));
    sink.throws = false;
    apply(service('b', '10.0.0.2'));
    expect(clusters()).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
  });
});
