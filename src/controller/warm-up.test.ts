import { describe, expect, it } from 'vitest';
import { typeUrls } from '../resources/type-urls.ts';
import { ResourceCache } from '../xds/cache/resource-cache.ts';
import { warmUp } from './warm-up.ts';

const view = { nodeName: 'n', zone: 'z' };

/** A cache of so many listeners and as many clusters, which are made when they are asked for by name; and what was built. */
function filled(count: number): { readonly cache: ResourceCache; readonly built: string[] } {
  const cache = new ResourceCache();
  const built: string[] = [];
  const of = (typeUrl: string, wildcard: boolean) => (_: unknown, index: number) => {
    const name = `${wildcard ? 'wildcard' : 'named'}-${index}`;
    const build = () => {
      built.push(name);
      return { name };
    };
    return { owner: name, entries: [{ typeUrl, name, wildcard, scope: 'fleet' as const, build }] };
  };
  const units = Array.from({ length: count });
  cache.replaceUnits([...units.map(of(typeUrls.listener, true)), ...units.map(of(typeUrls.cluster, false))]);
  return { cache, built };
}

describe('the warm-up', () => {
  it('builds what every client gets, and nothing again when the first one comes', async () => {
    const { cache, built } = filled(1_000);
    expect(await warmUp(cache, 1e9)).toMatchObject({ resources: 1_000, isComplete: true });
    expect(built).toHaveLength(1_000);
    for (const name of built) expect(name).toMatch(/^wildcard/);
    expect(cache.lookup(typeUrls.listener, 'wildcard-7', view)?.name).toBe('wildcard-7');
    expect(built).toHaveLength(1_000);
  });

  it('ends with so many bytes', async () => {
    const { cache, built } = filled(1_000);
    const result = await warmUp(cache, 10_000);
    expect(result.isComplete).toBe(false);
    expect(result.bytes).toBeGreaterThanOrEqual(10_000);
    expect(result.bytes).toBeLessThan(11_000);
    expect(built).toHaveLength(result.resources);
    expect(await warmUp(filled(10).cache, 0)).toEqual({ resources: 0, bytes: 0, isComplete: false });
  });

  it('lets others have their turn', async () => {
    const { cache } = filled(20_000);
    let turns = 0;
    const turn = () => {
      turns += 1;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    await warmUp(cache, 1e9);
    clearImmediate(timer);
    expect(turns).toBeGreaterThan(3);
  });
});
