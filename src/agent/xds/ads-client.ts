import { type ChannelCredentials, Client, credentials as grpcCredentials } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { backOffMs } from '../../base/back-off.ts';
import { errorText } from '../../base/error-text.ts';
import { type AgentIdentity, decodeResponse, deltaMethod, encodeRequest } from './ads-messages.ts';
import { type DeltaResponse, WildcardSubscription } from './wildcard-subscription.ts';

export interface AdsHandlers {
  /** Takes a response in; gives the reasons, by name, why resources were not taken. */
  readonly apply: (response: DeltaResponse) => ReadonlyMap<string, string>;
  /** Resolves once what was applied is effective; only then is it acknowledged. `complete`: see WildcardSubscription. */
  readonly effective: (complete: boolean) => Promise<void>;
  readonly connectionChanged?: (connection: Connection) => void;
}

export interface AdsClientOptions {
  /** `HOST:PORT` of the controllers' replicas, at least one; tried in turn. */
  readonly controllers: readonly string[];
  readonly identity: AgentIdentity;
  /** Default: plaintext. */
  readonly credentials?: ChannelCredentials;
  /** For a connection to speak HTTP/2, milliseconds; default 10,000. */
  readonly connectTimeoutMs?: number;
}

export type Connection =
  | { readonly kind: 'Connecting'; readonly controller: string }
  /** A response came on this stream. */
  | { readonly kind: 'Connected'; readonly controller: string }
  | { readonly kind: 'Waiting'; readonly controller: string; readonly reason: string; readonly retryMs: number }
  | { readonly kind: 'Stopped' };

/** One try: a channel and its stream. */
interface Attempt {
  readonly controller: string;
  send(request: Uint8Array): void;
  close(): void;
}

const defaultConnectTimeoutMs = 10_000;

/** The 30 s that are usual would leave a node on old endpoints for as long after its controller is back. */
const reconnectBackOff = { baseMs: 500, capMs: 5_000 };

const channelOptions = {
  // A controller whose machine is gone answers nothing and closes nothing.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  // The first response may hold every Service.
  'grpc.max_receive_message_length': -1,
  // Retries keep what was sent; a stream is never retried but opened anew.
  'grpc.enable_retries': 0,
};

/** A delta ADS client of one type: every fairlead.node.v1.ServiceView of this node. Reconnects for ever. */
export class AdsClient {
  readonly #options: AdsClientOptions;
  readonly #handlers: AdsHandlers;
  readonly #logger: Logger;
  readonly #subscription = new WildcardSubscription();
  #connection: Connection = { kind: 'Stopped' };
  #attempt: Attempt | undefined;
  #timer: NodeJS.Timeout | undefined;
  #attempts = 0;
  #failures = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: AdsClientOptions, handlers: AdsHandlers, logger: Logger) {
    this.#options = options;
    this.#handlers = handlers;
    this.#logger = logger;
  }

  get connection(): Connection {
    return this.#connection;
  }

  get subscription(): Readonly<Pick<WildcardSubscription, 'complete' | 'size'>> {
    return this.#subscription;
  }

  start(): void {
    if (this.#connection.kind === 'Stopped') this.#connect();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#attempt?.close();
    this.#attempt = undefined;
    this.#become({ kind: 'Stopped' });
  }

  #connect(): void {
    const { controllers } = this.#options;
    const controller = controllers[this.#attempts % controllers.length] ?? '';
    this.#attempts += 1;
    this.#become({ kind: 'Connecting', controller });
    this.#attempt = this.#open(controller);
    this.#attempt.send(encodeRequest(this.#subscription.open(), this.#options.identity));
  }

  #open(controller: string): Attempt {
    const client = new Client(
      controller,
      this.#options.credentials ?? grpcCredentials.createInsecure(),
      channelOptions,
    );
    const stream = client.makeBidiStreamRequest(deltaMethod, toBuffer, (bytes: Buffer) => bytes);
    const attempt: Attempt = {
      controller,
      send: (request) => void stream.write(request),
      close: () => {
        stream.cancel();
        client.close();
      },
    };
    // An address may take the connection and never say a word of HTTP/2; grpc-js would wait without end.
    const timeoutMs = this.#options.connectTimeoutMs ?? defaultConnectTimeoutMs;
    client.waitForReady(Date.now() + timeoutMs, (error) => {
      if (error !== undefined) this.#lost(attempt, `No answer within ${timeoutMs} ms`);
    });
    stream.on('data', (bytes: Buffer) => this.#enqueue(attempt, bytes));
    stream.on('error', (error) => this.#lost(attempt, error.message));
    stream.on('end', () => this.#lost(attempt, 'The controller ended the stream'));
    return attempt;
  }

  #enqueue(attempt: Attempt, bytes: Buffer): void {
    this.#queue = this.#queue
      .then(() => this.#receive(attempt, bytes))
      .catch((error: unknown) => this.#lost(attempt, errorText(error)));
  }

  async #receive(attempt: Attempt, bytes: Buffer): Promise<void> {
    if (this.#attempt !== attempt) return;
    const response = decodeResponse(bytes);
    this.#connected(attempt);
    const rejected = this.#handlers.apply(response);
    this.#subscription.receive(response, rejected);
    await this.#handlers.effective(this.#subscription.complete);
    if (this.#attempt === attempt) attempt.send(encodeRequest(this.#subscription.acknowledge(response, rejected)));
  }

  #connected({ controller }: Attempt): void {
    if (this.#connection.kind === 'Connected') return;
    this.#failures = 0;
    this.#logger.info({ controller }, 'Connected to the controller');
    this.#become({ kind: 'Connected', controller });
  }

  #lost(attempt: Attempt, reason: string): void {
    if (this.#attempt !== attempt) return;
    const { controller } = attempt;
    attempt.close();
    this.#attempt = undefined;
    const retryMs = backOffMs(this.#failures + 1, reconnectBackOff);
    const message = this.#connection.kind === 'Connected' ? 'Lost the controller' : 'Could not reach the controller';
    this.#logger[this.#failures < this.#options.controllers.length ? 'warn' : 'debug'](
      { controller, reason, retryMs },
      message,
    );
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#connect(), retryMs);
    this.#become({ kind: 'Waiting', controller, reason, retryMs });
  }

  #become(connection: Connection): void {
    this.#connection = connection;
    this.#handlers.connectionChanged?.(connection);
  }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
