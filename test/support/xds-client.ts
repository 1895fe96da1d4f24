import { Client, type ClientDuplexStream, credentials, type StatusObject } from '@grpc/grpc-js';
import { decodeMessage, encodeMessage, messageNameOf } from '../../src/protos/registry.ts';

const ads = {
  service: '/envoy.service.discovery.v3.AggregatedDiscoveryService',
  messages: 'envoy.service.discovery.v3',
};

const variants = {
  delta: {
    method: `${ads.service}/DeltaAggregatedResources`,
    request: `${ads.messages}.DeltaDiscoveryRequest`,
    response: `${ads.messages}.DeltaDiscoveryResponse`,
  },
  sotw: {
    method: `${ads.service}/StreamAggregatedResources`,
    request: `${ads.messages}.DiscoveryRequest`,
    response: `${ads.messages}.DiscoveryResponse`,
  },
  node: {
    method: '/fairlead.node.v1.NodeDiscovery/StreamNode',
    request: 'fairlead.node.v1.NodeRequest',
    response: 'fairlead.node.v1.NodeResponse',
  },
} as const;

type Variant = keyof typeof variants;

export interface Resource {
  readonly name: string;
  readonly version: string;
  readonly body: Record<string, unknown>;
  /** With one, a resource without a body is a heartbeat. */
  readonly ttl: unknown;
}

export interface Response {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly versionInfo: string;
  readonly identifier: string;
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
  /** Of node discovery. */
  readonly complete: boolean;
  readonly staleBuckets: readonly number[];
}

interface Any {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

interface RawResponse {
  readonly versionInfo?: string;
  readonly systemVersionInfo?: string;
  readonly typeUrl?: string;
  readonly nonce?: string;
  readonly resources?: readonly {
    readonly name?: string;
    readonly version?: string;
    readonly resource?: Any;
    readonly ttl?: unknown;
  }[];
  readonly removedResources?: readonly string[];
  readonly complete?: boolean;
  readonly staleBuckets?: readonly number[];
  readonly controlPlane?: { readonly identifier?: string };
}

/** A type that nobody serves: its names are answered at once, which tells that nothing else was on its way. */
const probeType = 'type.googleapis.com/fairlead.test.Probe';

/**
 * A client of one ADS stream that does nothing by itself: no acknowledgement, no reconnect. It decodes with the message
 * types of Envoy, not with the server's own code.
 */
export class AdsClient {
  readonly variant: Variant;
  /** Names of `probe` need one. */
  static #probes = 0;
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #queue: Response[] = [];
  readonly #waiting: { resolve: (response: Response) => void; reject: (error: Error) => void }[] = [];
  readonly closed: Promise<StatusObject>;
  #failure: Error | undefined;
  #hasSent = false;
  #node: Record<string, unknown> | undefined;

  constructor(address: string, variant: Variant, node: Record<string, unknown> | 'none' = { id: 'node-a' }) {
    this.variant = variant;
    this.#node = node === 'none' ? undefined : node;
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
    });
    const asIs = (bytes: Buffer): Buffer => bytes;
    this.#call = this.#client.makeBidiStreamRequest(variants[variant].method, asIs, asIs);
    this.#call.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.closed = new Promise((resolve) => this.#call.on('status', resolve));
    this.#call.on('error', (error: Error) => this.#fail(error));
    this.#call.on('end', () => this.#fail(new Error('The stream ended')));
  }

  /** Fields in the form of protobufjs; the node goes with the first request. */
  send(request: Record<string, unknown>): void {
    const message = this.#hasSent || this.#node === undefined ? request : { node: this.#node, ...request };
    this.#hasSent = true;
    this.#call.write(Buffer.from(encodeMessage(variants[this.variant].request, message)));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#call.write(Buffer.from(bytes));
  }

  ack(response: Response, more: Record<string, unknown> = {}): void {
    const version = this.variant === 'sotw' ? { versionInfo: response.versionInfo } : {};
    this.send({ typeUrl: response.typeUrl, responseNonce: response.nonce, ...version, ...more });
  }

  nack(response: Response, message: string, more: Record<string, unknown> = {}): void {
    this.send({ typeUrl: response.typeUrl, responseNonce: response.nonce, errorDetail: { code: 3, message }, ...more });
  }

  next(): Promise<Response> {
    const queued = this.#queue.shift();
    if (queued !== undefined) return Promise.resolve(queued);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async nextAndAck(more: Record<string, unknown> = {}): Promise<Response> {
    const response = await this.next();
    this.ack(response, more);
    return response;
  }

  /**
   * Every response that the server sent before it read what this sends now. Delta only: state-of-the-world is silent
   * about names that are not there.
   */
  async received(): Promise<readonly Response[]> {
    AdsClient.#probes += 1;
    const name = `probe-${AdsClient.#probes}`;
    this.send({ typeUrl: probeType, resourceNamesSubscribe: [name] });
    const before: Response[] = [];
    for (;;) {
      const response = await this.next();
      if (response.typeUrl === probeType) {
        this.ack(response, { resourceNamesUnsubscribe: [name] });
        return before;
      }
      before.push(response);
    }
  }

  /** Stops reading: the HTTP/2 window fills. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  close(): void {
    this.#call.cancel();
    this.#client.close();
  }

  #receive(bytes: Buffer): void {
    const response = this.variant === 'sotw' ? readSotw(bytes) : readDelta(this.variant, bytes);
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#queue.push(response);
    else waiting.resolve(response);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

function readDelta(variant: Variant, bytes: Uint8Array): Response {
  const raw = decodeMessage<RawResponse>(variants[variant].response, bytes);
  return {
    ...common(raw),
    versionInfo: raw.systemVersionInfo ?? '',
    resources: (raw.resources ?? []).map(({ name = '', version = '', resource, ttl }) => ({
      name,
      version,
      body: body(resource),
      ttl,
    })),
    removed: raw.removedResources ?? [],
  };
}

function readSotw(bytes: Uint8Array): Response {
  const raw = decodeMessage<RawResponse>(variants.sotw.response, bytes);
  const resources = ((raw.resources ?? []) as unknown as readonly Any[]).map((any) => {
    const message = body(any);
    return { name: String(message.name ?? message.clusterName), version: '', body: message, ttl: undefined };
  });
  return { ...common(raw), versionInfo: raw.versionInfo ?? '', resources, removed: [] };
}

type Common = 'typeUrl' | 'nonce' | 'identifier' | 'complete' | 'staleBuckets';

function common(raw: RawResponse): Pick<Response, Common> {
  const { typeUrl = '', nonce = '', complete = false, staleBuckets = [] } = raw;
  return { typeUrl, nonce, complete, staleBuckets, identifier: raw.controlPlane?.identifier ?? '' };
}

function body(any: Any | undefined): Record<string, unknown> {
  const raw = any as unknown as Record<string, unknown> | undefined;
  // The registry unwraps an Any of a known type.
  if (raw?.['@type'] !== undefined && raw.value === undefined) return raw;
  return any === undefined ? {} : decodeMessage(messageNameOf(any.typeUrl), any.value);
}

/** Names of its resources, sorted. */
export function names(response: Response): string[] {
  return response.resources.map(({ name }) => name).sort();
}
