import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnsweringClient } from '../../../test/support/answering-client.ts';
import { replaceEach } from '../../../test/support/replace-each.ts';
import type { ResourceEntry } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from '../cache/resource-cache.ts';
import type { Batch } from './batch.ts';

const typeUrl = typeUrls.serviceView;

function view(name: string, content = ''): ResourceEntry {
  return { typeUrl, name, wildcard: true, scope: 'fleet', build: () => ({ name, namespace: content }) };
}

function open(cache: ResourceCache): AnsweringClient {
  const client = new AnsweringClient(cache, typeUrl, { limits: { responseBytes: 300 } });
  client.request({ subscribe: ['*'] });
  return client;
}

describe('pages of the log', () => {
  const names = Array.from({ length: 20 }, (_none, index) => `s${index}`);

  it('are put together once for streams at the same place', () => {
    const cache = new ResourceCache();
    replaceEach(
      cache,
      names.map((name) => view(name)),
    );
    const [one, other] = [open(cache), open(cache)];
    const pages = [one, other].map((client) => client.settle().map(({ resources }) => resources));
    expect(pages[0]?.length).toBeGreaterThan(1);
    pages[0]?.forEach((page, index) => {
      expect(pages[1]?.[index]).toBe(page);
    });
    replaceEach(cache, [view('s3', 'new')]);
    const [after] = one.settle();
    expect(after?.changed).toEqual(['s3']);
    expect(other.settle()[0]?.resources).toBe(after?.resources);
  });

  it('of nothing do not keep a stream from the answers that it is owed', () => {
    const cache = new ResourceCache();
    replaceEach(cache, [view('a')]);
    const client = open(cache);
    client.settle();
    const version = cache.lookup(typeUrl, 'a', { nodeName: 'n', zone: 'z' })?.version ?? '';
    const returning = new AnsweringClient(cache, typeUrl, { limits: { responseBytes: 300 } });
    returning.request({ subscribe: ['*'], initialVersions: [['a', version]] });
    returning.stream.next(Number.POSITIVE_INFINITY);
    const tooLong = 'x'.repeat(1_000);
    client.request({ subscribe: [tooLong] });
    expect(client.settle().flatMap(({ removed }) => removed)).toEqual([tooLong]);
  });

  it('are not used for a stream that keeps something in mind of one of their resources', () => {
    const cache = new ResourceCache();
    replaceEach(cache, [view('a'), view('b')]);
    open(cache).settle();
    const named = open(cache);
    named.request({ subscribe: ['b'] });
    const sent = named.settle().flatMap(({ changed }) => changed);
    expect([...new Set(sent)].sort()).toEqual(['a', 'b']);
  });

  it('have nothing of the answers that one stream is owed', () => {
    const cache = new ResourceCache();
    replaceEach(cache, [view('a')]);
    const [one, other] = [1, 2].map(() => new AnsweringClient(cache, typeUrl)) as [AnsweringClient, AnsweringClient];
    for (const client of [one, other]) {
      client.request({ subscribe: ['*'] });
      client.settle();
    }
    // So many dead names are held; the next are answered only, as the first of them are still in flight.
    one.request({ subscribe: Array.from({ length: 1_000 }, (_none, index) => `dead-${index}`) });
    one.read();
    one.request({ subscribe: ['dead-too'] });
    one.answer();
    replaceEach(cache, [view('a', 'new')]);
    expect(one.read()).toMatchObject({ changed: ['a'], removed: ['dead-too'] });
    expect(other.read()).toMatchObject({ changed: ['a'], removed: [] });
  });

  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('put' as const), name: fc.constantFrom(...names), to: fc.nat(3) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), name: fc.constantFrom(...names) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('read' as const, 'reject' as const), client: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('open' as const), client: fc.nat(2) }) },
  );

  it('leave every client with what is served, whatever the others do', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = new ResourceCache();
        const clients = [0, 1, 2].map(() => new Holder(cache));
        for (const each of steps) {
          if (each.do === 'put') replaceEach(cache, [view(each.name, String(each.to))]);
          else if (each.do === 'remove') replaceEach(cache, [], [{ typeUrl, name: each.name }]);
          else clients[each.client]?.[each.do]();
        }
        const served = new Map(
          names.map((name) => [name, cache.lookup(typeUrl, name, { nodeName: 'n', zone: 'z' })?.version]),
        );
        for (const client of clients) {
          client.settle();
          // What it rejected is not sent again until it changes.
          for (const [name, version] of served) {
            if (!client.rejected.has(name)) expect([name, client.held.get(name)]).toEqual([name, version]);
          }
        }
      }),
      { numRuns: Number(process.env['RUNS'] ?? 500) },
    );
  });
});

/** A client, and what it holds. */
class Holder {
  readonly #cache: ResourceCache;
  #client: AnsweringClient;
  held = new Map<string, string>();
  rejected = new Set<string>();

  constructor(cache: ResourceCache) {
    this.#cache = cache;
    this.#client = open(cache);
  }

  open(): void {
    this.#client.stream.close();
    this.held = new Map();
    this.rejected = new Set();
    this.#client = open(this.#cache);
  }

  read(): boolean {
    const batch = this.#client.read();
    if (batch === undefined) return false;
    this.#take(batch);
    this.#client.answer();
    return true;
  }

  reject(): void {
    const batch = this.#client.read();
    if (batch === undefined) return;
    for (const { name } of batch.resources) this.rejected.add(name);
    for (const name of batch.removed) this.rejected.add(name);
    this.#client.answer('no');
  }

  settle(): void {
    while (this.read());
  }

  #take({ resources, removed }: Batch): void {
    for (const { name, version } of resources) {
      this.held.set(name, version);
      this.rejected.delete(name);
    }
    for (const name of removed) {
      this.held.delete(name);
      this.rejected.delete(name);
    }
  }
}
