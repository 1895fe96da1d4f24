import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deltaRequest } from '../../../test/support/delta-request.ts';
import type { ClientView, ResourceEntry, Scope } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from '../cache/resource-cache.ts';
import type { Variant } from '../server/ads-events.ts';
import { defaultLimits } from '../server/limits.ts';
import type { Batch } from './batch.ts';
import { ClientStream } from './client-stream.ts';

const views: readonly ClientView[] = [
  { nodeName: 'n', zone: 'y' },
  { nodeName: 'n', zone: 'z' },
];
const never = Number.POSITIVE_INFINITY;

interface Content {
  readonly seconds: number;
  readonly wildcard: boolean;
  readonly scope: Scope;
}

/** Contents of this kind are rejected by the client of the model. */
const isBad = ({ seconds }: Content) => seconds % 5 === 0;

function entry(typeUrl: string, name: string, content: Content): ResourceEntry {
  const { seconds, wildcard, scope } = content;
  const build = ({ zone }: ClientView) => {
    const value = scope !== 'fleet' && zone === 'y' ? 100 + seconds : seconds;
    return typeUrl === typeUrls.cluster
      ? { name, connectTimeout: { seconds: value } }
      : { clusterName: name, policy: { overprovisioningFactor: { value } } };
  };
  return { typeUrl, name, wildcard, scope, build };
}

/** The client's end: names asked for, versions held, one stream, responses read when the sequence says so. */
class ModelClient {
  readonly typeUrl: string;
  readonly named = new Set<string>();
  wildcard = false;
  /** Versions by name. A client that rejects keeps what it had of the bad ones. */
  readonly held = new Map<string, string>();
  readonly #variant: Variant;
  readonly #cache: ResourceCache;
  readonly #badVersions: ReadonlySet<string>;
  readonly #responseBytes: number;
  #view = views[0] as ClientView;
  #stream: ClientStream;
  /** Written by the server, not read; more than one only when the client asked for nothing in between. */
  #unread: { readonly batch: Batch; readonly nonce: string }[] = [];
  #mayHaveMore = false;
  /** As the scheduler knows it: nothing is asked for that was not announced. */
  #hasWork = false;
  #lastNonce = '';
  #nonces = 0;
  #isNew = true;

  constructor(options: {
    readonly typeUrl: string;
    readonly variant: Variant;
    readonly cache: ResourceCache;
    readonly badVersions: ReadonlySet<string>;
    readonly responseBytes: number;
  }) {
    this.typeUrl = options.typeUrl;
    this.#variant = options.variant;
    this.#cache = options.cache;
    this.#badVersions = options.badVersions;
    this.#responseBytes = options.responseBytes;
    this.#stream = this.#open();
  }

  subscribe(name: string): void {
    if (name === '*') this.wildcard = true;
    else this.named.add(name);
    this.#request([name], []);
  }

  unsubscribe(name: string): void {
    const isHeld = name === '*' ? this.wildcard : this.named.has(name);
    if (!isHeld) return;
    if (name === '*') this.wildcard = false;
    else this.named.delete(name);
    this.#mayHaveMore ||= this.named.size === 0 && !this.wildcard;
    // Without a wildcard the client drops what it no longer asks for; with one it waits to be told.
    if (!this.wildcard) for (const held of [...this.held.keys()]) if (!this.named.has(held)) this.held.delete(held);
    this.#request([], [name]);
  }

  /** The server writes, at most one response until it is answered. */
  write(): void {
    this.#cache.propagate(never);
    if (!this.#hasWork) return;
    let collected = this.#stream.next(never);
    while (collected === 'later') collected = this.#stream.next(never);
    this.#hasWork = collected !== undefined;
    if (collected === undefined) return;
    if (this.#unread.length > 0 && !this.#mayHaveMore) throw new Error('A second response in flight');
    this.#mayHaveMore = false;
    this.#nonces += 1;
    this.#unread.push({ batch: collected, nonce: `${this.#nonces}` });
    this.#stream.sent(collected.changed, { batch: collected, nonce: `${this.#nonces}`, sentAt: 0 });
    if (this.#stream.next(never) !== undefined) throw new Error('A second response in flight');
  }

  /** The client reads what was written, and acknowledges or rejects it. @returns whether there was something */
  read(): boolean {
    const unread = this.#unread.shift();
    if (unread === undefined) return false;
    this.#lastNonce = unread.nonce;
    // Envoy's delta client drops a response of a type that it does not subscribe to, without a word.
    if (this.#variant === 'delta' && this.named.size === 0 && !this.wildcard) return true;
    const good = unread.batch.resources.filter(({ version }) => !this.#badVersions.has(version));
    this.#apply(unread.batch, good);
    const error = good.length < unread.batch.resources.length ? 'bad' : undefined;
    if (this.#variant === 'delta') {
      this.#stream.receiveDelta(deltaRequest({ typeUrl: this.typeUrl, nonce: unread.nonce, error }));
    } else {
      this.#stream.receiveSotw({
        typeUrl: this.typeUrl,
        node: undefined,
        names: this.#names(),
        nonce: unread.nonce,
        error,
      });
    }
    return true;
  }

  /** The stream breaks, with what was on its way; the client says what it has. */
  reconnect(): void {
    this.#stream.close();
    this.#stream = this.#open();
    this.#unread = [];
    this.#lastNonce = '';
    this.#isNew = true;
    if (this.named.size > 0 || this.wildcard) this.#request(this.#names(), []);
  }

  /** The node moves to the other zone. */
  move(): void {
    this.#view = views.find((view) => view !== this.#view) as ClientView;
    this.#stream.view = this.#view;
  }

  get view(): ClientView {
    return this.#view;
  }

  get stream(): ClientStream {
    return this.#stream;
  }

  #open(): ClientStream {
    const limits = { ...defaultLimits, responseBytes: this.#responseBytes };
    const options = { variant: this.#variant, cache: this.#cache, view: this.#view, limits };
    return new ClientStream({ ...options, onWork: () => (this.#hasWork = true) });
  }

  #names(): string[] {
    return this.wildcard ? ['*', ...this.named] : [...this.named];
  }

  #request(subscribe: readonly string[], unsubscribe: readonly string[]): void {
    if (this.#variant === 'sotw') {
      const names = this.#names();
      this.#stream.receiveSotw({
        typeUrl: this.typeUrl,
        node: undefined,
        names,
        nonce: this.#lastNonce,
        error: undefined,
      });
    } else {
      const initialVersions = this.#isNew ? [...this.held] : [];
      this.#stream.receiveDelta(deltaRequest({ typeUrl: this.typeUrl, subscribe, unsubscribe, initialVersions }));
    }
    this.#isNew = false;
  }

  #apply(batch: Batch, good: readonly { readonly name: string; readonly version: string }[]): void {
    const isAll = this.#variant === 'sotw' && this.typeUrl === typeUrls.cluster;
    const sent = new Set(batch.resources.map(({ name }) => name));
    if (isAll) for (const name of [...this.held.keys()]) if (!sent.has(name)) this.held.delete(name);
    for (const name of batch.removed) this.held.delete(name);
    for (const { name, version } of good) if (this.wildcard || this.named.has(name)) this.held.set(name, version);
  }
}

type Step =
  | { readonly do: 'subscribe' | 'unsubscribe' | 'remove'; readonly name: string }
  | { readonly do: 'change'; readonly name: string; readonly content: Content }
  | { readonly do: 'write' | 'read' | 'reconnect' | 'move' | 'propagate' };

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const content = fc.record({
  seconds: fc.integer({ min: 1, max: 12 }),
  wildcard: fc.boolean(),
  scope: fc.constantFrom<Scope>('fleet', 'fleet', 'zone', 'node'),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('subscribe', 'unsubscribe'), name: fc.oneof(name, fc.constant('*')) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('change'), name, content }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove'), name }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('write', 'read') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('reconnect', 'move', 'propagate') }) },
);

/** The server's state, by the client's rules. */
function expected(
  client: ModelClient,
  cache: ResourceCache,
  contents: ReadonlyMap<string, Content>,
): Map<string, string> {
  const wanted = new Map<string, string>();
  for (const [key, { wildcard }] of contents) {
    const version = cache.lookup(client.typeUrl, key, client.view)?.version;
    if (version !== undefined && (client.named.has(key) || (client.wildcard && wildcard))) wanted.set(key, version);
  }
  return wanted;
}

interface Run {
  readonly typeUrl: string;
  readonly variant: Variant;
  readonly steps: readonly Step[];
  readonly canBeBad: boolean;
  readonly responseBytes: number;
  /** What is not of the wildcard set is made when it is asked for. */
  readonly isOnDemand: boolean;
}

/** A cache that resolves names by the contents, and one that has them all, which says what a client should have. */
function cachesOf(typeUrl: string, contents: ReadonlyMap<string, Content>, isOnDemand: boolean) {
  const truth = new ResourceCache();
  if (!isOnDemand) return { cache: truth, truth };
  const resolve = (_typeUrl: string, key: string) => {
    const made = contents.get(key);
    return { owner: key, entry: made?.wildcard === false ? entry(typeUrl, key, made) : undefined };
  };
  return { cache: new ResourceCache({ resolve }), truth };
}

function run({ typeUrl, variant, steps, canBeBad, responseBytes, isOnDemand }: Run): void {
  const contents = new Map<string, Content>();
  const { cache, truth } = cachesOf(typeUrl, contents, isOnDemand);
  const replace = (key: string, value: Content | undefined) => {
    if (value === undefined) contents.delete(key);
    else contents.set(key, value);
    const entries = value === undefined ? [] : [entry(typeUrl, key, value)];
    truth.replaceUnits([{ owner: key, entries }]);
    if (isOnDemand) cache.replaceUnits([{ owner: key, entries: entries.filter(({ wildcard }) => wildcard) }]);
  };
  const badVersions = new Set<string>();
  const client = new ModelClient({ typeUrl, variant, cache, badVersions, responseBytes });
  client.subscribe('a');
  const actions = {
    subscribe: (key: string) => client.subscribe(key),
    unsubscribe: (key: string) => client.unsubscribe(key),
    remove: (key: string) => replace(key, undefined),
  };
  for (const each of steps) {
    if (each.do === 'change') {
      replace(each.name, each.content);
      for (const view of canBeBad && isBad(each.content) ? views : []) {
        badVersions.add(truth.lookup(typeUrl, each.name, view)?.version ?? '');
      }
    } else if (each.do === 'propagate') {
      cache.propagate(never);
    } else if ('name' in each) {
      actions[each.do](each.name);
    } else {
      client[each.do]();
    }
  }
  let rounds = 0;
  do {
    client.write();
    rounds += 1;
    if (rounds > 1_000) throw new Error('It does not come to an end');
  } while (client.read());
  for (const [key, version] of expected(client, truth, contents)) {
    if (!badVersions.has(version)) expect([key, client.held.get(key)]).toEqual([key, version]);
  }
  // A part of the state of the world cannot tell that something is gone.
  const tellsRemovals = variant === 'delta' || typeUrl === typeUrls.cluster;
  const wanted = expected(client, truth, contents);
  if (tellsRemovals) for (const key of client.held.keys()) expect([key, wanted.has(key)]).toEqual([key, true]);
  expect(client.stream.isSettled).toBe(true);
  client.stream.close();
  for (const key of [...contents.keys()]) replace(key, undefined);
  cache.propagate(never);
  expect(cache.findStore(typeUrl)).toBeUndefined();
}

describe('a client that does anything in any order', () => {
  it.each([
    ['delta', typeUrls.cluster, true],
    ['delta', typeUrls.endpoint, true],
    // Full state holds everything back that came with what was rejected, so nothing is rejected here.
    ['sotw', typeUrls.cluster, false],
    ['sotw', typeUrls.endpoint, true],
  ] as const)(
    '%s, %s: ends up with what the server has, never with two responses in flight',
    (variant, typeUrl, bad) => {
      fc.assert(
        fc.property(
          fc.array(step, { maxLength: 40 }),
          fc.constantFrom(40, 1_000_000),
          fc.boolean(),
          (steps, responseBytes, isOnDemand) =>
            run({ typeUrl, variant, steps, canBeBad: bad, responseBytes, isOnDemand }),
        ),
        { numRuns: Number(process.env['RUNS'] ?? 1_000) },
      );
    },
  );
});
