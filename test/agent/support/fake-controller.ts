import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { bucketOf, HeldDigests } from '../../../src/agent/xds/held-digests.ts';
import { decodeMessage, encodeMessage } from '../../../src/protos/registry.ts';
import { typeUrls } from '../../../src/resources/type-urls.ts';
import { streamingMethod } from '../../support/streaming-method.ts';

interface View {
  readonly name: string;
  readonly version: string;
  readonly body: Uint8Array;
}

interface Request {
  readonly responseNonce?: string;
  readonly errorDetail?: { readonly message: string };
  readonly known?: { readonly buckets: number; readonly digests: string };
}

type Stream = ServerDuplexStream<Buffer, Buffer>;

/** A controller of NodeDiscovery for tests: it sends what it is told to, and counts. */
export class FakeController {
  readonly requests: Request[] = [];
  requestBytes = 0;
  resourceBytes = 0;
  /** Resources that were sent, by name. */
  readonly sent: string[] = [];
  /** Sends nothing in answer to a first request until this resolves. */
  answers: Promise<void> = Promise.resolve();
  readonly #server = new Server();
  readonly #views = new Map<string, View>();
  readonly #streams = new Set<Stream>();
  readonly #chunk: number;
  #nonce = 0;
  #waiters: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  constructor(views: readonly View[], chunk = 1_000) {
    this.#chunk = chunk;
    for (const view of views) this.#views.set(view.name, view);
    const method = streamingMethod('/fairlead.node.v1.NodeDiscovery/StreamNode');
    this.#server.addService({ streamNode: method }, { streamNode: (stream: Stream) => this.#serve(stream) });
  }

  listen(port = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Looks at every stream that opens and at every request. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ holds, resolve });
      this.#look();
    });
  }

  /** Sends a change to all streams. */
  put(view: View): void {
    this.#views.set(view.name, view);
    for (const stream of this.#streams) this.#write(stream, { views: [view], complete: true });
  }

  /** Ends the streams with OK, as a controller does that wants its clients to choose again. */
  endStreams(): void {
    for (const stream of this.#streams) stream.end();
  }

  kill(): void {
    this.#server.forceShutdown();
  }

  #look(): void {
    for (const { holds, resolve } of this.#waiters) if (holds()) resolve();
    this.#waiters = this.#waiters.filter(({ holds }) => !holds());
  }

  #serve(stream: Stream): void {
    let isFirst = true;
    this.#streams.add(stream);
    this.#look();
    stream.on('close', () => this.#streams.delete(stream));
    stream.on('cancelled', () => this.#streams.delete(stream));
    stream.on('error', () => this.#streams.delete(stream));
    stream.on('data', (bytes: Buffer) => {
      this.requestBytes += bytes.length;
      const request = decodeMessage<Request>('fairlead.node.v1.NodeRequest', bytes);
      this.requests.push(request);
      this.#look();
      if (isFirst) void this.answers.then(() => this.#answer(stream, request));
      isFirst = false;
    });
  }

  #answer(stream: Stream, { known }: Request): void {
    const stale = known === undefined ? undefined : this.#staleBuckets(known.buckets, known.digests);
    const all = [...this.#views.values()].filter(({ name }) => {
      return known === undefined || stale?.includes(bucketOf(name, known.buckets)) === true;
    });
    const chunks = Math.max(1, Math.ceil(all.length / this.#chunk));
    for (let index = 0; index < chunks; index += 1) {
      const views = all.slice(index * this.#chunk, (index + 1) * this.#chunk);
      this.#write(stream, { views, complete: index === chunks - 1, ...(index === 0 ? { staleBuckets: stale } : {}) });
    }
  }

  #staleBuckets(buckets: number, theirs: string): readonly number[] {
    const own = new HeldDigests();
    for (const { name, version } of this.#views.values()) own.toggle(name, version);
    const ours = Buffer.from(own.digests(buckets));
    const given = Buffer.from(theirs, 'base64');
    const all = Array.from({ length: buckets }, (_none, index) => index);
    return all.filter(
      (index) => !ours.subarray(8 * index, 8 * index + 8).equals(given.subarray(8 * index, 8 * index + 8)),
    );
  }

  #write(
    stream: Stream,
    { views, ...fields }: { views: readonly View[]; complete: boolean; staleBuckets?: readonly number[] | undefined },
  ): void {
    this.#nonce += 1;
    for (const { name, body } of views) {
      this.sent.push(name);
      this.resourceBytes += body.length;
    }
    const resources = views.map(({ name, version, body }) => {
      return { name, version, resource: { type_url: typeUrls.serviceView, value: body } };
    });
    const message = { typeUrl: typeUrls.serviceView, nonce: String(this.#nonce), resources, ...fields };
    stream.write(Buffer.from(encodeMessage('fairlead.node.v1.NodeResponse', message)));
  }
}

/** A Service without endpoints. */
export function viewOf(name: string, version = 'v1', port = 80): View {
  const body = encodeMessage('fairlead.node.v1.ServiceView', {
    namespace: 'default',
    name,
    endpointSets: [{ verdict: 'REJECT' }],
    frontends: [{ address: Uint8Array.from([10, 96, 0, 1]), port }],
  });
  return { name: `default/${name}`, version, body };
}
