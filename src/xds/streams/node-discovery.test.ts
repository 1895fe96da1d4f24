import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnsweringClient } from '../../../test/support/answering-client.ts';
import { replaceEach } from '../../../test/support/replace-each.ts';
import type { ResourceEntry, Scope } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from '../cache/resource-cache.ts';
import type { Batch } from './batch.ts';
import type { Known } from './known.ts';

const typeUrl = typeUrls.serviceView;

function view(name: string, content = 0, scope: Scope = 'fleet'): ResourceEntry {
  const build = ({ nodeName }: { readonly nodeName: string }) => ({
    name,
    namespace: scope === 'fleet' ? `${content}` : `${content} on ${nodeName}`,
  });
  return { typeUrl, name, wildcard: true, scope, build };
}

function filled(count: number): ResourceCache {
  const cache = new ResourceCache();
  replaceEach(
    cache,
    Array.from({ length: count }, (_, index) => view(`s${index}`)),
  );
  return cache;
}

function bucketOf(name: string, buckets: number): number {
  return createHash('sha256').update(name).digest().readUInt32LE(0) % buckets;
}

/** By the words of node.proto, with other means than the server's. */
function knownOf(held: ReadonlyMap<string, string>, buckets: number): Known {
  const digests = new BigUint64Array(buckets);
  for (const [name, version] of held) {
    const bucket = bucketOf(name, buckets);
    const digest = createHash('sha256').update(`${name}\0${version}`).digest().readBigUInt64LE(0);
    digests[bucket] = (digests[bucket] ?? 0n) ^ digest;
  }
  return { buckets, digests: Buffer.from(digests.buffer) };
}

/** The agent's rules. */
class Agent {
  readonly held = new Map<string, string>();
  readonly cache: ResourceCache;
  client: AnsweringClient;
  complete = false;
  #stale: ReadonlySet<number> = new Set();
  #got = new Set<string>();
  #buckets = 1;

  constructor(cache: ResourceCache) {
    this.cache = cache;
    this.client = this.#connect();
  }

  reconnect(buckets: number): void {
    this.client.stream.close();
    this.#buckets = buckets;
    this.#got = new Set();
    this.#stale = new Set();
    this.client = this.#connect(knownOf(this.held, buckets));
  }

  #connect(known?: Known): AnsweringClient {
    this.complete = false;
    const client = new AnsweringClient(this.cache, typeUrl, { variant: 'node', limits: { responseBytes: 300 } });
    client.request({ subscribe: ['*'], known });
    return client;
  }

  /** @returns what was read; undefined when there was nothing */
  read(): Batch | undefined {
    const batch = this.client.read();
    if (batch === undefined) return undefined;
    if (batch.staleBuckets.length > 0) this.#stale = new Set(batch.staleBuckets);
    for (const { name, version } of batch.resources) {
      this.held.set(name, version);
      this.#got.add(name);
    }
    for (const name of batch.removed) this.held.delete(name);
    if (batch.isComplete && !this.complete) this.#finish();
    this.client.answer();
    return batch;
  }

  #finish(): void {
    this.complete = true;
    for (const name of [...this.held.keys()]) {
      if (this.#stale.has(bucketOf(name, this.#buckets)) && !this.#got.has(name)) this.held.delete(name);
    }
  }
}

function contentOf(cache: ResourceCache): ReadonlyMap<string, string> {
  const slots = [...cache.store(typeUrl).slots()].filter(({ entry }) => entry !== undefined);
  return new Map(slots.map((slot) => [slot.name, slot.encode({ nodeName: 'n', zone: 'z' })?.version ?? '']));
}

function sorted(map: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...map].sort(([one], [other]) => (one < other ? -1 : 1));
}

describe('an agent', () => {
  it('is complete with the response that holds everything, however much changes meanwhile', () => {
    const cache = filled(30);
    const agent = new Agent(cache);
    const sent = new Set<string>();
    let responses = 0;
    for (; !agent.complete; responses++) {
      if (responses > 200) throw new Error('It does not become complete');
      for (const { name } of agent.read()?.resources ?? []) sent.add(name);
      // The one that is changed has not been sent yet, or was just sent: both would put off the end.
      replaceEach(cache, [view(`s${29 - (responses % 30)}`, responses)]);
    }
    expect(sent.size).toBe(30);
    expect(agent.read()?.isComplete).toBe(true);
  });

  it('is complete at once in an empty cluster', () => {
    const agent = new Agent(new ResourceCache());
    expect(agent.read()).toMatchObject({ isEmpty: true, isComplete: true });
    expect(agent.read()).toBeUndefined();
  });

  it('that has everything is told so, and costs no words', () => {
    const cache = filled(50);
    const agent = new Agent(cache);
    while (agent.read() !== undefined);
    agent.reconnect(16);
    expect(agent.read()).toMatchObject({ isEmpty: true, isComplete: true, staleBuckets: [] });
    expect(agent.client.stream.status(false)).toMatchObject([{ current: 50, wanted: 50 }]);
    expect([...cache.store(typeUrl).slots()].filter((slot) => slot.hasSubscribers)).toEqual([]);
  });

  it('is sent what is in the buckets that differ, and nothing else', () => {
    const cache = filled(50);
    const agent = new Agent(cache);
    while (agent.read() !== undefined);
    agent.client.stream.close();
    replaceEach(cache, [view('s7', 1)], [{ typeUrl, name: 's9' }]);
    cache.propagate(Number.POSITIVE_INFINITY);
    agent.reconnect(64);
    const stale = [bucketOf('s7', 64), bucketOf('s9', 64)];
    const first = agent.read();
    expect(first?.staleBuckets).toEqual(stale.sort((one, other) => one - other));
    const names = [first, agent.read(), agent.read()].flatMap(
      (batch) => batch?.resources.map(({ name }) => name) ?? [],
    );
    const inStale = [...contentOf(cache).keys()].filter((name) => stale.includes(bucketOf(name, 64)));
    expect(names.sort()).toEqual(inStale.sort());
    expect(sorted(agent.held)).toEqual(sorted(contentOf(cache)));
  });

  it('asks for a resource of its own by name, and is complete with it', () => {
    const cache = filled(3);
    const client = new AnsweringClient(cache, typeUrls.listener, { variant: 'node' });
    client.request({ subscribe: ['mine'] });
    expect(client.read()).toMatchObject({ removed: ['mine'], isComplete: true });
  });

  it.each([
    { sends: 'nothing', digests: Buffer.alloc(8, 1) },
    { sends: 'everything', digests: undefined },
  ])('keeps what it names besides the wildcard, when it says that it has $sends', ({ digests }) => {
    const cache = new ResourceCache();
    replaceEach(cache, [view('a', 0, 'node'), view('b', 0, 'node')]);
    const all = knownOf(contentOf(cache), 1);
    const client = new AnsweringClient(cache, typeUrl, { variant: 'node' });
    client.request({ subscribe: ['*', 'a'], known: { buckets: 1, digests: digests ?? all.digests } });
    client.settle();
    expect(client.stream.status(false)).toMatchObject([{ named: 1 }]);
    client.request({ unsubscribe: ['*'] });
    replaceEach(cache, [view('a', 1, 'node'), view('b', 1, 'node')]);
    expect(client.settle().flatMap(({ changed }) => changed)).toEqual(['a']);
    client.request({ unsubscribe: ['a'] });
    expect(client.stream.status(false)).toMatchObject([{ named: 0 }]);
  });

  it('is sent everything if it asks for the wildcard again before its digests were compared', () => {
    const cache = filled(3);
    const client = new AnsweringClient(cache, typeUrl, { variant: 'node' });
    client.request({ subscribe: ['*'], known: knownOf(contentOf(cache), 1) });
    client.request({ subscribe: ['*'] });
    expect(
      client
        .settle()
        .flatMap(({ resources }) => resources.map(({ name }) => name))
        .sort(),
    ).toEqual(['s0', 's1', 's2']);
  });

  it('ends up with what there is, whatever happens, with digests at every return', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    const scope = fc.constantFrom<Scope>('fleet', 'fleet', 'node');
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('change' as const), name, content: fc.nat(9), scope }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), name }) },
      { weight: 5, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('return' as const), buckets: fc.constantFrom(1, 4, 4_096) }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const cache = new ResourceCache();
        const agent = new Agent(cache);
        for (const each of steps) {
          if (each.do === 'change') replaceEach(cache, [view(each.name, each.content, each.scope)]);
          else if (each.do === 'remove') replaceEach(cache, [], [{ typeUrl, name: each.name }]);
          else if (each.do === 'read') agent.read();
          else agent.reconnect(each.buckets);
        }
        while (agent.read() !== undefined);
        expect(agent.complete).toBe(true);
        expect(sorted(agent.held)).toEqual(sorted(contentOf(cache)));
        // It also hears of what comes after a pause.
        replaceEach(cache, [view('a', 10)]);
        while (agent.read() !== undefined);
        expect(sorted(agent.held)).toEqual(sorted(contentOf(cache)));
      }),
      { numRuns: Number(process.env['RUNS'] ?? 500) },
    );
  });
});
