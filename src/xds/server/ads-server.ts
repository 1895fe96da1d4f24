import { type MethodDefinition, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { ClientView } from '../../resources/resource-entry.ts';
import type { CacheListener, ResourceCache } from '../cache/resource-cache.ts';
import type { NodeIdentity } from '../streams/node-identity.ts';
import type { StatusQuery, StreamStatus } from '../streams/stream-status.ts';
import { Admission } from './admission.ts';
import type { AdsEvents, CloseReason, Variant } from './ads-events.ts';
import { type AdsCall, AdsStream, type StreamContext } from './ads-stream.ts';
import { ByteBudget } from './byte-budget.ts';
import { type BoundAddress, Connections } from './connections.ts';
import { defaultLimits, type LimitName, type Limits } from './limits.ts';
import { PeerCounts, sharedAddress } from './peers.ts';
import { Refusals } from './refusals.ts';
import { ResponseEncoder } from './responses.ts';
import { Scheduler } from './scheduler.ts';
import type { ServerTotals } from './server-totals.ts';
import { StreamAges } from './stream-ages.ts';

export interface AdsServerOptions {
  readonly cache: ResourceCache;
  /** Which zone and node a client sees the resources from. */
  readonly viewOf: (node: NodeIdentity) => ClientView;
  readonly logger: Logger;
  readonly limits?: Partial<Limits>;
  /** `control_plane.identifier` of every response; `fairlead` by default. */
  readonly identifier?: string;
  /** Callbacks for metrics. */
  readonly events?: AdsEvents;
}

/** Offers the resources of a cache over ADS, delta and state-of-the-world, and over node discovery. */
export class AdsServer implements CacheListener {
  readonly #cache: ResourceCache;
  readonly #logger: Logger;
  readonly #limits: Limits;
  readonly #events: AdsEvents;
  readonly #server: Server;
  readonly #connections: Connections;
  readonly #context: StreamContext;
  readonly #streams = new Set<AdsStream>();
  readonly #streamsOfPeer = new PeerCounts();
  readonly #ages: StreamAges;
  #waiters: (() => void)[] = [];
  #lastId = 0;
  #isClosing = false;
  #checks: NodeJS.Timeout | undefined;
  /** Until changes that are announced at intervals are due. */
  #dueTimer: NodeJS.Timeout | undefined;

  constructor(options: AdsServerOptions) {
    this.#cache = options.cache;
    this.#logger = options.logger;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#events = options.events ?? {};
    this.#context = this.#makeContext(options);
    this.#connections = this.#makeConnections();
    this.#ages = new StreamAges(this.#limits.connectionAgeMs);
    this.#server = new Server(serverOptions(this.#limits));
    this.#server.addService(service, {
      delta: (call: AdsCall) => this.#accept('delta', call),
      node: (call: AdsCall) => this.#accept('node', call),
      sotw: (call: AdsCall) => this.#accept('sotw', call),
    });
    this.#cache.listen(this);
  }

  /**
   * @param address `host:port` (port 0: any) or `unix:path`; may be called several times
   * @param credentials plaintext by default
   * @throws when the address cannot be bound
   */
  async listen(address: string, credentials = ServerCredentials.createInsecure()): Promise<BoundAddress> {
    const injector = this.#server.createConnectionInjector(credentials);
    const bound = await this.#connections.listen(address, (socket) => injector.injectConnection(socket));
    this.#checks ??= setInterval(() => this.#check(), checkInterval(this.#limits)).unref();
    this.#logger.info({ address: bound.address }, 'ADS server listened');
    return bound;
  }

  /** Every open stream, in the order of connection. Without `resources` it is cheap enough to be polled. */
  status(query: StatusQuery = {}): readonly StreamStatus[] {
    return [...this.statuses(query)];
  }

  /** The same, one by one as the caller iterates; streams may come and go meanwhile. */
  *statuses(query: StatusQuery = {}): Generator<StreamStatus> {
    for (const stream of this.#streams) {
      const { id, node } = stream;
      const isOfNode = query.node === undefined || node?.id === query.node || node?.nodeName === query.node;
      if (id > (query.after ?? 0) && isOfNode) yield stream.status(query);
    }
  }

  totals(): ServerTotals {
    const { admission, receiving, sending, scheduler, refusals } = this.#context;
    const { streams, namesPerType } = this.#limits;
    return {
      streams: this.#streams.size,
      connections: this.#connections.count,
      waitingForAdmission: admission.waiting,
      receiving: { bytes: receiving.used, waiting: receiving.waiting },
      sending: { bytes: sending.used, waiting: sending.waiting },
      queued: scheduler.length,
      refusals: refusals.all(),
      limits: { streams, namesPerType },
    };
  }

  /** Resolves when there is nothing to send, and everything sent was acknowledged or rejected or its stream is gone. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#context.scheduler.wake();
    });
  }

  /** Ends every stream with UNAVAILABLE, so that clients switch to another replica; by force after `graceMs`. */
  async close(graceMs = 5_000): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#checks);
    clearTimeout(this.#dueTimer);
    this.#cache.unlisten(this);
    this.#connections.stopListening();
    for (const stream of this.#streams) stream.close('shutdown', 'The server is shutting down');
    // It calls back before the streams have ended, so the sockets are waited for instead.
    this.#server.tryShutdown(() => undefined);
    await this.#connections.closed(graceMs);
  }

  /** Of CacheListener. */
  changesPending(): void {
    this.#context.scheduler.wake();
  }

  /** Of CacheListener. */
  viewsChanged(nodeNames: ReadonlySet<string>): void {
    for (const stream of this.#streams) {
      if (stream.view !== undefined && nodeNames.has(stream.view.nodeName)) stream.refreshView();
    }
  }

  #makeContext(options: AdsServerOptions): StreamContext {
    const encoder = new ResponseEncoder(options.identifier ?? 'fairlead');
    const scheduler = new Scheduler({
      sliceMs: this.#limits.sliceMs,
      prepare: (deadline) => {
        this.#cache.propagate(deadline);
        return this.#isMoreDue();
      },
      onPrepareError: (error) => this.#logger.error({ error }, 'Could not announce a change'),
      onIdle: () => {
        encoder.forget();
        this.#tellWaiters();
      },
    });
    const { cache, viewOf, logger } = options;
    const onClosed = (stream: AdsStream, reason: CloseReason) => this.#forget(stream, reason);
    const { limits, events } = { limits: this.#limits, events: this.#events };
    const rooms = roomsOf(limits);
    return {
      cache,
      viewOf,
      logger,
      limits,
      events,
      encoder,
      scheduler,
      ...rooms,
      refusals: new Refusals(logger),
      onClosed,
    };
  }

  /** What is due later wakes the scheduler then. */
  #isMoreDue(): boolean {
    const { dueInMs } = this.#cache;
    clearTimeout(this.#dueTimer);
    if (dueInMs !== undefined && dueInMs > 0) {
      this.#dueTimer = setTimeout(() => this.#context.scheduler.wake(), dueInMs).unref();
    }
    return dueInMs === 0;
  }

  #makeConnections(): Connections {
    const { connections: total, connectionsPerPeer: perPeer } = this.#limits;
    const onRefused = (limit: LimitName, peer: string, reason: string) => {
      this.#context.refusals.add(limit, peer, undefined, reason);
      this.#events.refused?.(limit);
    };
    return new Connections({ total, perPeer, onRefused });
  }

  #accept(variant: Variant, call: AdsCall): void {
    this.#lastId += 1;
    const stream = new AdsStream(this.#lastId, variant, call, this.#context);
    this.#streams.add(stream);
    this.#ages.add(stream);
    this.#streamsOfPeer.add(stream.host, 1);
    this.#events.streamOpened?.(stream);
    const { streams, streamsPerPeer } = this.#limits;
    if (this.#isClosing) stream.close('shutdown', 'The server is shutting down');
    else if (this.#streams.size > streams) stream.close('limit', `More than ${streams} streams`, 'streams');
    else if (this.#streamsOfPeer.of(stream.host) > streamsPerPeer) {
      stream.close(
        'limit',
        `More than ${streamsPerPeer} streams of ${stream.host}; ${sharedAddress}`,
        'streamsPerPeer',
      );
    } else this.#context.admission.acquire(stream);
  }

  #forget(stream: AdsStream, reason: CloseReason): void {
    if (!this.#streams.delete(stream)) return;
    this.#ages.delete(stream);
    if (reason === 'stalled') this.#connections.cutOff(stream.peer);
    this.#streamsOfPeer.add(stream.host, -1);
    this.#context.scheduler.wake();
  }

  #check(): void {
    const now = performance.now();
    for (const stream of this.#streams) stream.check(now);
  }

  #tellWaiters(): void {
    if (this.#waiters.length === 0 || this.#cache.hasPending) return;
    for (const stream of this.#streams) if (!stream.isSettled) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

function serverOptions(limits: Limits): Record<string, number> {
  return {
    'grpc.max_receive_message_length': limits.requestBytes,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': limits.concurrentStreams,
    'grpc.keepalive_time_ms': limits.keepaliveIntervalMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    'grpc.enable_channelz': 0,
  };
}

/** Bytes and places that all streams share. */
function roomsOf(limits: Limits): Pick<StreamContext, 'admission' | 'receiving' | 'sending' | 'names'> {
  const { admissions: places, admissionsPerPeer: placesPerPeer, waitingBytes } = limits;
  return {
    admission: new Admission({ places, placesPerPeer, waitingBytes, patienceMs }),
    receiving: new ByteBudget({ total: limits.receivingBytes, perPeer: limits.receivingBytesPerPeer }),
    sending: new ByteBudget({ total: limits.sendingBytes, perPeer: limits.sendingBytesPerPeer }),
    names: new ByteBudget({ total: limits.namesBytes, perPeer: limits.namesBytesPerPeer }),
  };
}

/** A client sends its first request with the call, so 100 ms of silence is long; its first requests follow each other. */
const patienceMs = { Silent: 100, Awaited: 5_000, Done: 10 };

function checkInterval(limits: Limits): number {
  const { stalledMs, crowdedMs, ackWarningMs, firstRequestMs, requestMs } = limits;
  return Math.max(
    10,
    Math.min(5_000, ...[stalledMs, crowdedMs, ackWarningMs, firstRequestMs, requestMs].map((ms) => ms / 4)),
  );
}

const asBytes = (bytes: Uint8Array): Buffer => bytes as Buffer;

/** Requests and responses stay bytes: they are read and put together by hand. */
function method(path: string): MethodDefinition<Uint8Array, Uint8Array> {
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: asBytes,
    requestDeserialize: asBytes,
    responseSerialize: asBytes,
    responseDeserialize: asBytes,
  };
}

const service: ServiceDefinition = {
  sotw: method('/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources'),
  delta: method('/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'),
  node: method('/fairlead.node.v1.NodeDiscovery/StreamNode'),
};
