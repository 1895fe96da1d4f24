import { type ChannelCredentials, Client, type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import { typeUrls } from '../../resources/type-urls.ts';
import { whenReady } from './channel-state.ts';
import { ClosingCredentials } from './closing-credentials.ts';
import { DeltaProtocol } from './delta-protocol.ts';
import { failover } from './failover.ts';
import type { HeldViews } from './held-views.ts';
import { type AgentIdentity, encodeRequest } from './messages.ts';
import { NodeProtocol } from './node-protocol.ts';
import type { ViewProtocol, ViewRequest } from './view-protocol.ts';

export interface StreamOptions {
  /** `ADDRESS:PORT`. */
  readonly controller: string;
  readonly identity: AgentIdentity;
  readonly credentials: ChannelCredentials;
  /** For a connection to speak HTTP/2, milliseconds. */
  readonly connectTimeoutMs: number;
  /** For the answer to a ping, milliseconds. */
  readonly pingTimeoutMs: number;
  /** For the first response, milliseconds; undefined: without end. */
  readonly answerTimeoutMs: number | undefined;
  readonly held: HeldViews;
}

export interface StreamEvents {
  readonly received: (stream: ControllerStream, bytes: Buffer) => void;
  /** Called once. `ended`: the controller asks the agent to reconnect. */
  readonly lost: (stream: ControllerStream, reason: string, ended: boolean) => void;
}

const channelOptions = {
  // A controller whose machine is gone answers nothing and closes nothing.
  'grpc.keepalive_time_ms': failover.pingMs,
  // The first response may hold every Service.
  'grpc.max_receive_message_length': -1,
  // Retries would keep what was sent; a stream is never retried, a new one is opened.
  'grpc.enable_retries': 0,
  // A connection of its own, which ends with the stream.
  'grpc.use_local_subchannel_pool': 1,
};

/** One try with one controller: a connection and its stream, by NodeDiscovery or, where it has none, delta ADS. */
export class ControllerStream {
  readonly controller: string;
  protocol: ViewProtocol;
  readonly #options: StreamOptions;
  readonly #events: StreamEvents;
  readonly #client: Client;
  #stream: ClientDuplexStream<Uint8Array, Buffer>;
  #isOver = false;
  readonly #answerTimer: NodeJS.Timeout | undefined;

  constructor(options: StreamOptions, events: StreamEvents) {
    this.#options = options;
    this.#events = events;
    this.controller = options.controller;
    this.protocol = new NodeProtocol(options.held);
    this.#client = new Client(options.controller, new ClosingCredentials(options.credentials), {
      ...channelOptions,
      'grpc.keepalive_timeout_ms': options.pingTimeoutMs,
    });
    const { connectTimeoutMs, answerTimeoutMs } = options;
    // An address may accept the connection and never speak HTTP/2; grpc-js would wait without end.
    whenReady(this.#client, connectTimeoutMs, (isReady) => {
      if (!isReady) this.#lost(`No answer within ${connectTimeoutMs} ms`, false);
    });
    this.#answerTimer = this.#startAnswerTimer(answerTimeoutMs);
    this.#stream = this.#open();
  }

  send(request: ViewRequest, typeUrl?: string): void {
    if (!this.#isOver) this.#stream.write(encodeRequest(request, undefined, typeUrl));
  }

  /** Whether it is a controller of NodeDiscovery, which takes reports and tells of the node. */
  get isNodeDiscovery(): boolean {
    return this.protocol instanceof NodeProtocol;
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#answerTimer);
    this.#stream.cancel();
    this.#client.close();
  }

  /** A controller may answer pings, or something in front of it may, and not the agent. */
  #startAnswerTimer(timeoutMs: number | undefined): NodeJS.Timeout | undefined {
    if (timeoutMs === undefined) return undefined;
    return setTimeout(() => this.#lost(`No response within ${timeoutMs} ms`, false), timeoutMs);
  }

  #open(): ClientDuplexStream<Uint8Array, Buffer> {
    const stream = this.#client.makeBidiStreamRequest(this.protocol.method, toBuffer, (bytes: Buffer) => bytes);
    stream.on('data', (bytes: Buffer) => {
      clearTimeout(this.#answerTimer);
      this.#events.received(this, bytes);
    });
    stream.on('error', (error: ServiceError) => this.#failed(error));
    // Also emitted after an error, and then perhaps by a stream that is no longer in use.
    stream.on('end', () => {
      if (stream === this.#stream) this.#lost('The controller ended the stream', true);
    });
    const { identity, held } = this.#options;
    stream.write(encodeRequest(this.protocol.open(), identity));
    if (this.isNodeDiscovery) {
      stream.write(encodeRequest(nodeRequest(identity.nodeName, held.nodeVersion), undefined, typeUrls.nodeView));
    }
    return stream;
  }

  #failed(error: ServiceError): void {
    const isOlder = error.code === status.UNIMPLEMENTED && this.protocol instanceof NodeProtocol;
    if (this.#isOver || !isOlder) {
      this.#lost(error.message, false);
      return;
    }
    this.protocol = new DeltaProtocol(this.#options.held);
    this.#stream = this.#open();
  }

  #lost(reason: string, ended: boolean): void {
    if (this.#isOver) return;
    this.close();
    this.#events.lost(this, reason, ended);
  }
}

/** @param version what the agent has; the controller does not send it again */
function nodeRequest(name: string, version: string | undefined): ViewRequest {
  const held = version === undefined ? {} : { initialResourceVersions: { [name]: version } };
  return { resourceNamesSubscribe: [name], ...held };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether a controller takes connections and speaks HTTP/2. */
export function isReachable(controller: string, credentials: ChannelCredentials, timeoutMs: number): Promise<boolean> {
  const client = new Client(controller, new ClosingCredentials(credentials), channelOptions);
  return new Promise((resolve) => {
    whenReady(client, timeoutMs, (isReady) => {
      client.close();
      resolve(isReady);
    });
  });
}
