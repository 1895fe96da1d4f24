import type { ResourceCache } from '../../src/xds/cache/resource-cache.ts';
import type { Variant } from '../../src/xds/server/ads-events.ts';
import { defaultLimits, type Limits } from '../../src/xds/server/limits.ts';
import type { Batch } from '../../src/xds/streams/batch.ts';
import { ClientStream } from '../../src/xds/streams/client-stream.ts';
import { type DeltaFields, deltaRequest } from './delta-request.ts';

interface Options {
  readonly variant?: Variant;
  readonly nodeName?: string;
  readonly limits?: Partial<Limits>;
}

/** A client of one type that reads and answers when it is told to; without gRPC. */
export class AnsweringClient {
  readonly stream: ClientStream;
  readonly #cache: ResourceCache;
  readonly #typeUrl: string;
  #nonce = 0;
  /** As the scheduler knows it: a stream that did not call is not asked. */
  #isCalled = false;
  #names: readonly string[] = [];

  constructor(cache: ResourceCache, typeUrl: string, options: Options = {}) {
    const { variant = 'delta', nodeName = 'n' } = options;
    const limits = { ...defaultLimits, ...options.limits };
    const view = { nodeName, zone: 'z' };
    this.#cache = cache;
    this.#typeUrl = typeUrl;
    this.stream = new ClientStream({ variant, cache, view, limits, onWork: () => (this.#isCalled = true) });
  }

  request(request: DeltaFields): void {
    if (this.stream.variant === 'sotw') this.#names = request.subscribe ?? [];
    this.#send({ ...request, typeUrl: this.#typeUrl });
  }

  /** The next response; undefined when there is nothing to send. */
  read(): Batch | undefined {
    this.#cache.propagate(Number.POSITIVE_INFINITY);
    if (!this.#isCalled) return undefined;
    let batch = this.stream.next(Number.POSITIVE_INFINITY);
    while (batch === 'later') batch = this.stream.next(Number.POSITIVE_INFINITY);
    this.#isCalled = batch !== undefined;
    if (batch === undefined) return undefined;
    this.#nonce += 1;
    this.stream.sent(batch.changed, { batch, nonce: `${this.#nonce}`, sentAt: 0 });
    return batch;
  }

  /** @param error rejects what was read last */
  answer(error?: string): void {
    this.#send({ typeUrl: this.#typeUrl, subscribe: this.#names, nonce: `${this.#nonce}`, error });
  }

  /** Reads and acknowledges until nothing more comes. @returns what came */
  settle(): readonly Batch[] {
    const batches: Batch[] = [];
    for (let batch = this.read(); batch !== undefined; batch = this.read()) {
      batches.push(batch);
      this.answer();
    }
    return batches;
  }

  #send(request: DeltaFields): void {
    const delta = deltaRequest(request);
    if (this.stream.variant === 'sotw') this.stream.receiveSotw({ ...delta, names: request.subscribe ?? [] });
    else this.stream.receiveDelta(delta);
  }
}
