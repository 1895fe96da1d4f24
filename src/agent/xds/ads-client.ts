import { type ChannelCredentials, credentials as grpcCredentials } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { backOffMs } from '../../base/back-off.ts';
import { errorText } from '../../base/error-text.ts';
import type { HostPort } from '../../base/host-port.ts';
import type { Report } from '../../model/report-reasons.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { Candidates, type Resolve, resolveByDns } from './candidates.ts';
import { ControllerStream, isReachable, type StreamEvents } from './controller-stream.ts';
import { failover, PingPatience } from './failover.ts';
import { HeldViews } from './held-views.ts';
import { HomeWatch, type HomeWatchOptions } from './home-watch.ts';
import { type AgentIdentity, decodeResponse } from './messages.ts';
import { type RawReport, type Rejections, type ViewResponse, verdictOn } from './view-protocol.ts';

/** A NodeView that was not decoded yet. */
export interface RawNode {
  readonly name: string;
  readonly body: Uint8Array;
}

export interface AdsHandlers {
  /** Applies a response; returns the reasons, by name, why resources were rejected. */
  readonly apply: (response: ViewResponse) => Rejections;
  /** Resolves once what was applied is effective; only then is it acknowledged. `complete`: the whole list was received. */
  readonly effective: (complete: boolean) => Promise<void>;
  /** The node as the cluster knows it; undefined: it has no Node object. Returns the reason why the view was not taken. */
  readonly node?: (view: RawNode | undefined) => string | undefined;
  readonly connectionChanged?: (connection: Connection) => void;
}

export interface AdsClientOptions {
  /** The controller's replicas, at least one; each address of a name is one. */
  readonly controllers: readonly HostPort[];
  readonly identity: AgentIdentity;
  /** Default: plaintext. */
  readonly credentials?: ChannelCredentials;
  /** For a connection to speak HTTP/2 while there are others to try, milliseconds; default 800. */
  readonly connectTimeoutMs?: number;
  /** For the first response while there are others to try, milliseconds; default 10,000. */
  readonly answerTimeoutMs?: number;
  readonly home?: Partial<HomeWatchOptions>;
  /** Default: DNS. */
  readonly resolve?: Resolve;
}

export type Connection =
  | { readonly kind: 'Connecting'; readonly controller: string }
  /** A response came on this stream. */
  | { readonly kind: 'Connected'; readonly controller: string }
  | { readonly kind: 'Waiting'; readonly controller: string; readonly reason: string; readonly retryMs: number }
  | { readonly kind: 'Stopped' };

/** The usual 30 s would leave a node with old endpoints for that long after its controllers are back. */
const reconnectBackOff = { baseMs: 500, capMs: 5_000 };

/** With thousands of agents at a time, the first response of one may take seconds. */
const defaultAnswerTimeoutMs = 10_000;

/** A controller that is alive but slow must not be left again and again before it could answer. */
const longestConnectTimeoutMs = 10_000;
const longestAnswerTimeoutMs = 120_000;

/** Of an agent that cannot reach a controller. */
const mostReports = 100;

const defaultHome: HomeWatchOptions = { checkMs: 5_000, stableMs: 10_000, spreadMs: 60_000 };

/**
 * Gets every fairlead.node.v1.ServiceView of this node from one of the controllers. Never stops reconnecting: first to all
 * others in the order of preference without waiting, then with back-off.
 */
export class AdsClient {
  readonly #options: AdsClientOptions;
  readonly #handlers: AdsHandlers;
  readonly #logger: Logger;
  readonly #credentials: ChannelCredentials;
  readonly #held = new HeldViews();
  readonly #candidates: Candidates;
  readonly #home: HomeWatch;
  readonly #events: StreamEvents = {
    received: (stream, bytes) => this.#enqueue(stream, bytes),
    lost: (stream, reason, ended) => this.#lost(stream, reason, ended),
  };
  #connection: Connection = { kind: 'Stopped' };
  #stream: ControllerStream | undefined;
  /** To the controller that this node prefers, until its first response; meanwhile the other one stays in use. */
  #next: ControllerStream | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Controllers that were lost or did not answer: tried again once there is no other one, or once they have been reachable. */
  readonly #avoided = new Set<string>();
  readonly #patience = new PingPatience();
  /** How often all were tried since one answered. */
  #rounds = 0;
  #queue: Promise<void> = Promise.resolve();
  readonly #reports: RawReport[] = [];

  constructor(options: AdsClientOptions, handlers: AdsHandlers, logger: Logger) {
    this.#options = options;
    this.#handlers = handlers;
    this.#logger = logger;
    this.#credentials = options.credentials ?? grpcCredentials.createInsecure();
    const { controllers, identity, resolve = resolveByDns } = options;
    this.#candidates = new Candidates(identity.nodeName, controllers, resolve);
    this.#home = new HomeWatch(
      { ...defaultHome, ...options.home },
      {
        preferred: () => this.#preferred(),
        isReachable: (controller) => isReachable(controller, this.#credentials, failover.connectTimeoutMs),
        returns: (controller) => this.#return(controller),
      },
    );
  }

  get connection(): Connection {
    return this.#connection;
  }

  get views(): Readonly<Pick<HeldViews, 'isComplete' | 'size'>> {
    return this.#held;
  }

  /** Tells operators, through the controller; while there is none, the newest reports wait. */
  report({ reason, note, service }: Report): void {
    const [serviceNamespace = '', serviceName = ''] = service?.split('/') ?? [];
    this.#reports.push({ reason, note, ...(service === undefined ? {} : { serviceNamespace, serviceName }) });
    if (this.#reports.length > mostReports) this.#reports.shift();
    this.#sendReports();
  }

  start(): void {
    if (this.#connection.kind !== 'Stopped') return;
    this.#become({ kind: 'Connecting', controller: this.#candidates.list[0] ?? '' });
    void this.#connect();
    this.#home.start();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#home.stop();
    this.#next?.close();
    this.#stream?.close();
    this.#next = undefined;
    this.#stream = undefined;
    this.#become({ kind: 'Stopped' });
  }

  async #connect(): Promise<void> {
    if (!this.#candidates.isResolved || this.#rounds > 0) await this.#candidates.refresh();
    if (this.#connection.kind === 'Stopped') return;
    const controller = this.#candidates.list.find((candidate) => !this.#avoided.has(candidate)) ?? '';
    this.#become({ kind: 'Connecting', controller });
    this.#stream = this.#open(controller);
  }

  #open(controller: string): ControllerStream {
    const { connectTimeoutMs = failover.connectTimeoutMs, answerTimeoutMs = defaultAnswerTimeoutMs } = this.#options;
    const patience = 2 ** Math.min(this.#rounds, 10);
    const hasOthers = this.#candidates.list.length > 1;
    const options = {
      controller,
      identity: this.#options.identity,
      connectTimeoutMs: Math.min(longestConnectTimeoutMs, connectTimeoutMs * patience),
      pingTimeoutMs: this.#patience.timeoutMs(performance.now()),
      answerTimeoutMs: hasOthers ? Math.min(longestAnswerTimeoutMs, answerTimeoutMs * patience) : undefined,
      held: this.#held,
    };
    return new ControllerStream({ ...options, credentials: this.#credentials }, this.#events);
  }

  #enqueue(stream: ControllerStream, bytes: Buffer): void {
    this.#queue = this.#queue
      .then(() => this.#receive(stream, bytes))
      .catch((error: unknown) => {
        stream.close();
        this.#lost(stream, errorText(error), false);
      });
  }

  async #receive(stream: ControllerStream, bytes: Buffer): Promise<void> {
    if (stream === this.#next) this.#switch(stream);
    if (this.#stream !== stream) return;
    const decoded = decodeResponse(bytes);
    this.#connected(stream);
    if (decoded.typeUrl === typeUrls.nodeView) {
      this.#receiveNode(stream, decoded);
      return;
    }
    const response = stream.protocol.take(decoded);
    const rejected = this.#handlers.apply(response);
    stream.protocol.record(response, rejected);
    await this.#handlers.effective(this.#held.isComplete);
    if (this.#stream === stream) stream.send(stream.protocol.acknowledge(response, rejected));
  }

  #receiveNode(stream: ControllerStream, response: ViewResponse): void {
    const [resource] = response.resources;
    const isGone = response.removed.length > 0;
    const reason = resource !== undefined || isGone ? this.#handlers.node?.(resource) : undefined;
    if (isGone) this.#held.nodeVersion = undefined;
    else if (resource !== undefined && reason === undefined) this.#held.nodeVersion = resource.version;
    const rejected = new Map(reason === undefined ? [] : [[resource?.name ?? '', reason]]);
    stream.send(verdictOn(response, rejected), typeUrls.nodeView);
  }

  /** Sends what waits, as one request. */
  #sendReports(): void {
    const stream = this.#stream;
    if (this.#connection.kind !== 'Connected' || stream?.isNodeDiscovery !== true || this.#reports.length === 0) return;
    stream.send({ reports: this.#reports.splice(0) });
  }

  #connected(stream: ControllerStream): void {
    const { controller } = stream;
    if (this.#connection.kind === 'Connected' && this.#connection.controller === controller) return;
    this.#avoided.delete(controller);
    this.#rounds = 0;
    this.#logger.info({ controller }, 'Connected to the controller');
    this.#become({ kind: 'Connected', controller });
    this.#sendReports();
  }

  /** Undefined also while there is no connection at all: every try begins with the preferred controller. */
  async #preferred(): Promise<string | undefined> {
    await this.#candidates.refresh();
    const [preferred] = this.#candidates.list;
    const current = this.#connection.kind === 'Connected' ? this.#connection.controller : preferred;
    return preferred === current || this.#next !== undefined ? undefined : preferred;
  }

  #return(controller: string): void {
    this.#logger.info({ controller }, 'Started to return to the controller that this node prefers');
    this.#next = this.#open(controller);
  }

  #switch(stream: ControllerStream): void {
    this.#stream?.close();
    this.#stream = stream;
    this.#next = undefined;
  }

  #lost(stream: ControllerStream, reason: string, ended: boolean): void {
    if (stream === this.#next) {
      this.#next = undefined;
      return;
    }
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    const { controller } = stream;
    const isConnected = this.#connection.kind === 'Connected';
    if (ended && isConnected) {
      this.#logger.info(
        { controller, reason },
        'The controller ended the stream; started to choose a controller again',
      );
      void this.#connect();
      return;
    }
    this.#avoided.add(controller);
    if (isConnected) this.#patience.lost(performance.now());
    this.#retry(controller, reason, isConnected);
  }

  #retry(controller: string, reason: string, wasConnected: boolean): void {
    if (this.#candidates.list.every((candidate) => this.#avoided.has(candidate))) {
      this.#avoided.clear();
      this.#rounds += 1;
    }
    const isNewRound = this.#avoided.size === 0;
    const retryMs = isNewRound ? backOffMs(this.#rounds, reconnectBackOff) : 0;
    const message = wasConnected ? 'Lost the controller' : 'Could not reach the controller';
    this.#logger[this.#rounds <= 1 ? 'warn' : 'debug']({ controller, reason, retryMs }, message);
    this.#become({ kind: 'Waiting', controller, reason, retryMs });
    this.#timer = setTimeout(() => void this.#connect(), retryMs);
  }

  #become(connection: Connection): void {
    this.#connection = connection;
    this.#handlers.connectionChanged?.(connection);
  }
}
