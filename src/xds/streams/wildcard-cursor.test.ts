import { describe, expect, it } from 'vitest';
import { AnsweringClient } from '../../../test/support/answering-client.ts';
import { replaceEach } from '../../../test/support/replace-each.ts';
import type { ResourceEntry, Scope } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from '../cache/resource-cache.ts';
import type { TypeStore } from '../cache/type-store.ts';

const typeUrl = typeUrls.serviceView;

function view(name: string, portName = '', scope: Scope = 'fleet'): ResourceEntry {
  return { typeUrl, name, wildcard: true, scope, build: () => ({ name, namespace: portName }) };
}

function filled(count: number): { readonly cache: ResourceCache; readonly store: TypeStore } {
  const cache = new ResourceCache();
  replaceEach(
    cache,
    Array.from({ length: count }, (_, index) => view(`s${index}`)),
  );
  return { cache, store: cache.store(typeUrl) };
}

/** A stream that keeps a word for a resource is in the resource's index of subscribers. */
function words(store: TypeStore): readonly string[] {
  return [...store.slots()].filter((slot) => slot.hasSubscribers).map(({ name }) => name);
}

function opened(cache: ResourceCache, variant: 'delta' | 'sotw' = 'delta'): AnsweringClient {
  const client = new AnsweringClient(cache, typeUrl, { variant, limits: { responseBytes: 10_000 } });
  client.request({ subscribe: ['*'] });
  client.settle();
  return client;
}

describe('a stream with a wildcard', () => {
  it.each(['delta', 'sotw'] as const)('keeps no word for what it has acknowledged, %s', (variant) => {
    const { cache, store } = filled(2_000);
    const clients = Array.from({ length: 20 }, () => opened(cache, variant));
    expect(words(store)).toEqual([]);
    replaceEach(cache, [view('s7', 'new'), view('more')], [{ typeUrl, name: 's8' }]);
    for (const client of clients) {
      const sent = client.settle();
      if (variant === 'sotw') expect(sent.map((batch) => batch.resources.length)).toEqual([2_000]);
      else expect(sent.map(({ changed, removed }) => [changed, removed])).toEqual([[['more', 's7'], ['s8']]]);
      expect(client.stream.status(false)).toMatchObject([{ current: 2_000, wanted: 2_000 }]);
    }
    expect(words(store)).toEqual([]);
  });

  it('keeps words for what differs when it comes back, until that is acknowledged', () => {
    const { cache, store } = filled(100);
    const before = opened(cache).stream.status(true)[0]?.resources ?? [];
    const initialVersions = before.map(({ name, acknowledged }) => [name, acknowledged] as const);
    replaceEach(cache, [view('s1', 'other'), view('more')], [{ typeUrl, name: 's2' }]);
    const client = new AnsweringClient(cache, typeUrl);
    client.request({ subscribe: ['*'], initialVersions });
    expect([...words(store)].sort()).toEqual(['more', 's1', 's2']);
    const [batch, ...others] = client.settle();
    expect([batch?.changed.toSorted(), batch?.removed, others]).toEqual([['more', 's1'], ['s2'], []]);
    expect(words(store)).toEqual([]);
    expect(client.stream.status(false)).toMatchObject([{ current: 100, wanted: 100 }]);
  });

  it('keeps words for the little that it has when it comes back', () => {
    const { cache, store } = filled(100);
    const version = cache.lookup(typeUrl, 's5', { nodeName: '', zone: '' })?.version ?? '';
    const client = new AnsweringClient(cache, typeUrl);
    client.request({ subscribe: ['*'], initialVersions: [['s5', version]] });
    expect(words(store)).toEqual(['s5']);
    expect(client.settle().map((batch) => batch.resources.length)).toEqual([99]);
    expect(words(store)).toEqual([]);
  });

  it('keeps a word for what it rejected', () => {
    const { cache, store } = filled(10);
    const client = opened(cache);
    replaceEach(cache, [view('s3', 'bad')]);
    client.read();
    client.answer('no');
    client.settle();
    expect(words(store)).toEqual(['s3']);
    expect(client.stream.status(false)).toMatchObject([{ current: 9, wanted: 10, rejected: ['s3'] }]);
    replaceEach(cache, [view('s3', 'good')]);
    client.settle();
    expect(words(store)).toEqual([]);
  });

  it('keeps words for what differs by node', () => {
    const { cache, store } = filled(10);
    replaceEach(cache, [view('own', '', 'node')]);
    const client = opened(cache);
    expect(words(store)).toEqual(['own']);
    replaceEach(cache, [view('s1', '', 'node'), view('own', '')]);
    client.settle();
    expect(words(store)).toEqual(['s1']);
    expect(client.stream.status(false)).toMatchObject([{ current: 11, wanted: 11 }]);
  });

  it('says how far it has come', () => {
    const { cache } = filled(1_000);
    const client = new AnsweringClient(cache, typeUrl, { limits: { responseBytes: 10_000 } });
    client.request({ subscribe: ['*'] });
    const sent = client.read()?.resources.length ?? 0;
    expect(client.stream.status(false)).toMatchObject([{ current: 0, wanted: 1_000 }]);
    client.answer();
    expect(sent).toBeGreaterThan(10);
    expect(client.stream.status(false)).toMatchObject([{ current: sent, wanted: 1_000 }]);
    const known = client.stream.status(true)[0]?.resources?.filter(({ acknowledged }) => acknowledged !== '');
    expect(known).toHaveLength(sent);
  });
});

describe('what is gone', () => {
  it('is remembered until every stream that may have it was told', () => {
    const { cache, store } = filled(300);
    const [fast, slow] = [opened(cache), opened(cache)];
    const all = Array.from({ length: 300 }, (_, index) => ({ typeUrl, name: `s${index}` }));
    replaceEach(cache, [], all);
    expect(fast.settle().flatMap(({ removed }) => removed)).toHaveLength(300);
    // A stream that comes now is told nothing of it.
    expect(opened(cache).settle()).toEqual([]);
    expect(slow.settle().flatMap(({ removed }) => removed)).toHaveLength(300);
    replaceEach(cache, [view('last')]);
    fast.settle();
    slow.settle();
    store.log.trim();
    expect([store.log.tombstones, [...store.slots()].length]).toEqual([0, 1]);
  });

  it('is not remembered for a stream that was never sent it, however long that waits', () => {
    const { cache, store } = filled(1);
    const stuck = opened(cache);
    const prompt = opened(cache);
    for (let index = 0; index < 1_000; index++) {
      replaceEach(cache, [view(`t${index}`)]);
      prompt.settle();
      replaceEach(cache, [], [{ typeUrl, name: `t${index}` }]);
      prompt.settle();
    }
    expect(store.log.tombstones).toBeLessThan(100);
    expect(stuck.settle()).toEqual([]);
  });

  it('is forgotten with the last stream', () => {
    const { cache } = filled(3);
    const client = opened(cache);
    replaceEach(
      cache,
      [],
      ['s0', 's1', 's2'].map((name) => ({ typeUrl, name })),
    );
    cache.propagate(Number.POSITIVE_INFINITY);
    client.stream.close();
    expect(cache.findStore(typeUrl)).toBeUndefined();
  });
});
