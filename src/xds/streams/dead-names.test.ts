import { describe, expect, it } from 'vitest';
import { AnsweringClient } from '../../../test/support/answering-client.ts';
import { replaceEach } from '../../../test/support/replace-each.ts';
import type { ResourceEntry } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from '../cache/resource-cache.ts';

const { cluster: typeUrl } = typeUrls;

function entry(name: string): ResourceEntry {
  return { typeUrl, name, wildcard: false, scope: 'fleet', build: () => ({ name }) };
}

function names(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

function slots(cache: ResourceCache): number {
  return [...cache.store(typeUrl).slots()].length;
}

describe('names that mean nothing', () => {
  it('do not count toward the limit when a client returns with them, are answered and dropped', () => {
    const cache = new ResourceCache();
    replaceEach(cache, [entry('live')]);
    const client = new AnsweringClient(cache, typeUrl, { limits: { namesPerType: 2_000, responseBytes: 20_000 } });
    const dead = names('dead', 6_000);
    client.request({ subscribe: [...dead, 'live'], initialVersions: dead.map((name) => [name, 'version']) });
    const batches = client.settle();
    expect(new Set(batches.flatMap(({ removed }) => removed))).toEqual(new Set(dead));
    expect(batches.flatMap(({ changed }) => changed)).toEqual(['live']);
    expect(client.stream.status(false)).toMatchObject([{ current: 1, wanted: 1, named: 1_001 }]);
    expect(slots(cache)).toBe(1_001);
  });

  it('are not collected by asking for one after another, and the last ones are sent when they come to be', () => {
    const cache = new ResourceCache();
    const client = new AnsweringClient(cache, typeUrl);
    for (const name of names('dead', 3_000)) {
      client.request({ subscribe: [name] });
      expect(client.settle().map(({ removed }) => removed)).toEqual([[name]]);
    }
    expect(slots(cache)).toBe(1_000);
    replaceEach(cache, [entry('dead-2999'), entry('dead-0')]);
    expect(client.settle().flatMap(({ changed }) => changed)).toEqual(['dead-2999']);
    client.request({ subscribe: ['dead-0'] });
    expect(client.settle().flatMap(({ changed }) => changed)).toEqual(['dead-0']);
  });

  it('are dropped when what they meant went', () => {
    const cache = new ResourceCache();
    const all = names('name', 3_000);
    replaceEach(cache, all.map(entry));
    const client = new AnsweringClient(cache, typeUrl);
    client.request({ subscribe: all });
    client.settle();
    replaceEach(
      cache,
      [],
      all.map((name) => ({ typeUrl, name })),
    );
    expect(client.settle().flatMap(({ removed }) => removed)).toHaveLength(3_000);
    expect([slots(cache), client.stream.status(false)[0]?.named]).toEqual([1_000, 1_000]);
  });

  it('are held for all streams together only up to a number, and answered beyond', () => {
    const cache = new ResourceCache();
    const clients = Array.from({ length: 120 }, () => new AnsweringClient(cache, typeUrl));
    for (const [index, client] of clients.entries()) {
      client.request({ subscribe: names(`of-${index}`, 1_000) });
      expect(client.settle().flatMap(({ removed }) => removed)).toHaveLength(1_000);
    }
    expect(slots(cache)).toBe(100_000);
    for (const client of clients) client.stream.close();
    expect([slots(cache), cache.store(typeUrl).deadNames.held]).toEqual([0, 0]);
  });

  it('are not held when they are longer than any that could come to be', () => {
    const cache = new ResourceCache();
    const client = new AnsweringClient(cache, typeUrl);
    const long = 'x'.repeat(4_000);
    client.request({ subscribe: [long] });
    expect(client.settle().map(({ removed }) => removed)).toEqual([[long]]);
    expect(slots(cache)).toBe(0);
  });

  it('still have an end', () => {
    const client = new AnsweringClient(new ResourceCache(), typeUrl, { limits: { namesPerType: 100 } });
    expect(() => client.request({ subscribe: names('dead', 2_000) })).toThrow('More than 100 names');
  });
});
