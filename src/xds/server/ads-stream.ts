import { constants, type ServerHttp2Stream } from 'node:http2';
import { status as Code, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { ClientView } from '../../resources/resource-entry.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import type { Batch } from '../streams/batch.ts';
import { type AckOutcome, ClientStream, StreamRefused } from '../streams/client-stream.ts';
import type { NodeIdentity } from '../streams/node-identity.ts';
import type { Rank } from '../streams/ranks.ts';
import { readDeltaRequest, readSotwRequest } from '../streams/requests.ts';
import type { StatusQuery, StreamStatus } from '../streams/stream-status.ts';
import type { Admission, AdmissionHolder, RoundPhase } from './admission.ts';
import type { AdsEvents, CloseReason, StreamRef, Variant } from './ads-events.ts';
import type { BudgetHolder, ByteBudget } from './byte-budget.ts';
import { FirstRound } from './first-round.ts';
import { http2StreamOf } from './http2-stream.ts';
import type { LimitName, Limits } from './limits.ts';
import { hostOf } from './peers.ts';
import type { Refusals } from './refusals.ts';
import { RequestMeter } from './request-meter.ts';
import type { ResponseEncoder } from './responses.ts';
import { noQueue, type Scheduler, type Sender } from './scheduler.ts';

/** A call whose messages stay bytes. */
export type AdsCall = ServerDuplexStream<Buffer, Uint8Array>;

/** What all streams of a server share. */
export interface StreamContext {
  readonly cache: ResourceCache;
  readonly viewOf: (node: NodeIdentity) => ClientView;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly events: AdsEvents;
  readonly encoder: ResponseEncoder;
  readonly scheduler: Scheduler;
  readonly admission: Admission;
  /** Budget for requests. */
  readonly receiving: ByteBudget;
  /** Budget for responses. */
  readonly sending: ByteBudget;
  /** Budget for what is kept of that which clients asked for. */
  readonly names: ByteBudget;
  readonly refusals: Refusals;
  readonly onClosed: (stream: AdsStream, reason: CloseReason) => void;
}

const codes: Record<CloseReason, Code> = {
  client: Code.OK,
  age: Code.OK,
  shutdown: Code.UNAVAILABLE,
  stalled: Code.ABORTED,
  invalid: Code.INVALID_ARGUMENT,
  limit: Code.RESOURCE_EXHAUSTED,
  error: Code.INTERNAL,
};

/** One gRPC call: reads requests, writes one response at a time, and closes when either side fails. */
export class AdsStream implements Sender, StreamRef, AdmissionHolder {
  readonly id: number;
  readonly variant: Variant;
  readonly peer: string;
  readonly host: string;
  readonly connectedAt = Date.now();
  node: NodeIdentity | undefined;
  queued = noQueue;
  readonly #call: AdsCall;
  readonly #context: StreamContext;
  readonly #http2: ServerHttp2Stream;
  readonly #meter: RequestMeter;
  readonly #room: BudgetHolder;
  readonly #asked: BudgetHolder;
  readonly #round = new FirstRound();
  #client: ClientStream | undefined;
  /** `performance.now()` when reading began. */
  #admittedAt: number | undefined;
  #isClosed = false;
  /** `performance.now()` when the write began that has not been flushed; the next one waits for it. */
  #writingSince: number | undefined;
  #lastNonce = 0;
  /** Responses whose lateness was reported. */
  readonly #late = new Map<string, number>();

  constructor(id: number, variant: Variant, call: AdsCall, context: StreamContext) {
    this.id = id;
    this.variant = variant;
    this.peer = call.getPeer();
    this.host = hostOf(this.peer);
    this.#call = call;
    this.#context = context;
    this.#http2 = http2StreamOf(call);
    const onInvalid = (message: string) => this.close('invalid', message);
    this.#meter = new RequestMeter({ stream: this.#http2, peer: this.host, budget: context.receiving, onInvalid });
    this.#room = { peer: this.host, granted: () => this.#roomGranted() };
    this.#asked = { peer: this.host, granted: () => undefined };
    call.on('cancelled', () => this.close('client', 'The client cancelled the stream'));
    call.on('error', () => undefined);
  }

  /** Of AdmissionHolder: reading begins. */
  admitted(): void {
    this.#admittedAt = performance.now();
    this.#call.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#call.on('end', () => this.close('client', 'The client ended the stream'));
  }

  /** Of AdmissionHolder. */
  roundEnded(): void {
    this.#meter.release();
  }

  /** Of AdmissionHolder. */
  turnedAway(): void {
    this.close('limit', 'The streams that wait to be admitted have sent too much', 'waitingBytes');
  }

  /** Of AdmissionHolder. */
  get unreadBytes(): number {
    return this.#http2.readableLength;
  }

  /** Of AdmissionHolder. */
  get phase(): RoundPhase {
    const client = this.#client;
    if (this.#meter.isWaiting) return 'Working';
    if (client === undefined) return this.#meter.begunAt === undefined ? 'Silent' : 'Awaited';
    if (!client.hasWork) this.#round.nothingToSend(client.isSettled);
    if (this.#round.isOver) return 'Done';
    return this.queued === noQueue ? 'Awaited' : 'Working';
  }

  get view(): ClientView | undefined {
    return this.#client?.view;
  }

  hasWorkOf(rank: Rank): boolean {
    return this.#client?.hasWorkOf(rank) === true;
  }

  get isSettled(): boolean {
    return this.#writingSince === undefined && this.#client?.isSettled !== false;
  }

  /** Looks up again how this client sees the resources. */
  refreshView(): void {
    this.#guard('Could not update the view of a stream', () => {
      if (this.#client !== undefined && this.node !== undefined) this.#client.view = this.#context.viewOf(this.node);
    });
  }

  pump(deadline: number, rank: Rank): boolean {
    if (this.#isClosed || this.#writingSince !== undefined || !this.#hasRoom()) return false;
    const collected = this.#client?.next(deadline, rank);
    if (collected !== undefined && collected !== 'later') {
      this.#send(collected);
      return false;
    }
    this.#context.sending.release(this.#room);
    return collected === 'later';
  }

  /** Room for a whole response is reserved before one is put together; what it does not need is given back. */
  #hasRoom(): boolean {
    const { sending, limits } = this.#context;
    return sending.heldBy(this.#room) > 0 || sending.reserve(this.#room, limits.responseBytes);
  }

  #roomGranted(): void {
    if (this.#client?.hasWork === true) this.#context.scheduler.add(this);
    else this.#context.sending.release(this.#room);
  }

  /** Of Sender: an exception ends this stream and no other. */
  failed(error: unknown): void {
    this.#fail(error, 'Could not send to a client');
  }

  /** Checks whether the client reads and acknowledges. */
  check(now: number): void {
    this.#guard('Could not check a stream', () => this.#check(now));
  }

  #check(now: number): void {
    const { limits, events, logger } = this.#context;
    if (this.#endStalled(now) || this.#endUnfinished(now)) return;
    for (const { typeUrl, sentAt } of this.#client?.overdue(now - limits.ackWarningMs) ?? []) {
      if (this.#late.get(typeUrl) === sentAt) continue;
      this.#late.set(typeUrl, sentAt);
      events.acknowledgementLate?.(this, typeUrl);
      logger.warn(
        { ...this.#names(), typeUrl, waitingMs: Math.round(now - sentAt) },
        'A client did not acknowledge a response in time',
      );
    }
  }

  /** A client that does not read. */
  #endStalled(now: number): boolean {
    const { limits, sending } = this.#context;
    const stalledFor = this.#writingSince === undefined ? 0 : now - this.#writingSince;
    if (stalledFor > limits.stalledMs) {
      this.close('stalled', `The client has not read for ${limits.stalledMs} ms`);
    } else if (stalledFor > limits.crowdedMs && sending.isWaitedFor(this.#room)) {
      const why = 'while others wait to be sent theirs';
      this.close('stalled', `The client has not read for ${limits.crowdedMs} ms, ${why}`, 'sendingBytes');
    }
    return this.#isClosed;
  }

  /** A client that does not say what it wants. */
  #endUnfinished(now: number): boolean {
    const { firstRequestMs, requestMs } = this.#context.limits;
    const { begunAt, isWaiting } = this.#meter;
    if (begunAt !== undefined && now - begunAt > requestMs) {
      this.close('limit', `A request was not complete after ${requestMs} ms`, 'requestMs');
    } else if (this.#client === undefined && !isWaiting && begunAt === undefined) {
      const silentFor = now - (this.#admittedAt ?? now);
      if (silentFor > firstRequestMs)
        this.close('limit', `No request was received for ${firstRequestMs} ms`, 'firstRequestMs');
    }
    return this.#isClosed;
  }

  /** Without types when the status could not be read; the stream is ended then. */
  status(query: StatusQuery): StreamStatus {
    const { id, peer, variant, node, connectedAt } = this;
    let types: StreamStatus['types'] = [];
    this.#guard('Could not read the status of a stream', () => {
      types = this.#client?.status(query.resources === true) ?? [];
    });
    return { id, peer, variant, node, connectedAt, types };
  }

  /** @param limit that the client reached */
  close(reason: CloseReason, message: string, limit?: LimitName): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#leave();
    this.#end(reason, limit === undefined ? message : `${message} (limit ${limit})`);
    this.#context.onClosed(this, reason);
    this.#tellClosed(reason, message, limit);
    this.#guard('Could not clean up after a stream', () => this.#client?.close());
  }

  /** The bytes of a response are held until it was written or its HTTP/2 stream is gone. */
  #leave(): void {
    const { admission, sending, names } = this.#context;
    admission.release(this);
    names.release(this.#asked);
    this.#meter.close();
    if (this.#writingSince === undefined) sending.release(this.#room);
    else this.#http2.once('close', () => sending.release(this.#room));
  }

  /** A status waits behind what is not read, so after a moment the stream is reset, which frees both. */
  #end(reason: CloseReason, message: string): void {
    if (reason === 'client') this.#call.end();
    else this.#call.emit('error', { code: codes[reason], details: message });
    if (this.#writingSince === undefined || reason === 'shutdown') return;
    setTimeout(() => this.#http2.close(constants.NGHTTP2_ENHANCE_YOUR_CALM), statusGraceMs).unref();
  }

  #tellClosed(reason: CloseReason, message: string, limit: LimitName | undefined): void {
    const { events, logger, refusals } = this.#context;
    if (limit !== undefined) {
      refusals.add(limit, this.peer, this.node?.nodeName || this.node?.id, message);
      events.refused?.(limit);
    }
    events.streamClosed?.(this, reason);
    // Of those that reached a limit there may be thousands, again and again: Refusals tells of them.
    const isTold = limit !== undefined || ['client', 'shutdown', 'age'].includes(reason);
    const level = isTold ? 'debug' : 'warn';
    logger[level]({ ...this.#names(), reason, message, limit }, 'Stream closed');
  }

  #receive(bytes: Buffer): void {
    if (this.#isClosed) return;
    this.#guard('Could not handle a request', () => {
      const outcome = this.variant === 'sotw' ? this.#receiveSotw(bytes) : this.#receiveDelta(bytes);
      this.#report(outcome);
      this.#holdNames();
      this.#followRound(outcome.typeUrl);
    });
  }

  /** @throws StreamRefused when there is no room for what it asks for */
  #holdNames(): void {
    const { names } = this.#context;
    const bytes = this.#client?.heldBytes ?? 0;
    const lacking = names.lacking(this.#asked, bytes);
    if (lacking !== undefined) {
      const limit = lacking === 'Total' ? 'namesBytes' : 'namesBytesPerPeer';
      throw new StreamRefused(
        'limit',
        `What clients ask for takes more than ${this.#context.limits[limit]} bytes`,
        limit,
      );
    }
    names.set(this.#asked, bytes);
  }

  /** Once the first round is over, acknowledgements of what changes since do not prolong it. */
  #followRound(typeUrl: string): void {
    const { admission } = this.#context;
    const isNew = this.#round.requested(typeUrl);
    if (!admission.isHeldBy(this)) this.#meter.release();
    else if (isNew || !this.#round.isOver) admission.touch(this);
  }

  #receiveDelta(bytes: Buffer): RequestOutcome {
    const request = parse(readDeltaRequest, bytes);
    const client = this.#admit(request);
    if (request.reports !== undefined && this.variant === 'node')
      this.#context.events.reported?.(this, request.reports);
    return { typeUrl: request.typeUrl, outcome: client.receiveDelta(request) };
  }

  #receiveSotw(bytes: Buffer): RequestOutcome {
    const request = parse(readSotwRequest, bytes);
    const client = this.#admit(request);
    return { typeUrl: request.typeUrl, outcome: client.receiveSotw(request) };
  }

  /** The node comes with the first request and counts for the whole stream; another one later is ignored. */
  #admit(request: { readonly typeUrl: string; readonly node: NodeIdentity | undefined }): ClientStream {
    if (request.typeUrl === '') throw new StreamRefused('invalid', 'The request has no type_url');
    if (this.#client !== undefined) return this.#client;
    if (request.node === undefined) throw new StreamRefused('invalid', 'The first request of the stream has no node');
    this.node = request.node;
    const { cache, limits, scheduler, viewOf, logger } = this.#context;
    const onWork = () => scheduler.add(this);
    this.#client = new ClientStream({ variant: this.variant, cache, limits, view: viewOf(request.node), onWork });
    // Every stream returns by age: at level info those of 5,000 nodes would be 17 lines a second, for ever.
    logger.debug({ ...this.#names(), userAgent: request.node.userAgent }, 'Client subscribed');
    return this.#client;
  }

  #send(batch: Batch): void {
    const now = performance.now();
    const response = this.#context.encoder.encode(this.variant, batch, this.#lastNonce);
    this.#lastNonce = response.nonce;
    this.#client?.sent(batch.changed, { batch: response.batch, nonce: String(response.nonce), sentAt: now });
    this.#writingSince = now;
    this.#round.sent(batch.typeUrl, batch.bytes >= this.#context.limits.responseBytes);
    this.#context.sending.set(this.#room, response.bytes.length);
    this.#call.write(response.bytes, () => this.#flushed());
    this.#context.events.responseSent?.({
      stream: this,
      typeUrl: batch.typeUrl,
      bytes: response.bytes.length,
      resourceBytes: batch.resourceBytes,
      resources: batch.resources.length,
      removed: batch.removed.length,
      latencyMs: Math.max(0, now - batch.changedAt),
    });
  }

  #flushed(): void {
    this.#writingSince = undefined;
    this.#context.sending.release(this.#room);
    if (this.#isClosed) return;
    // Also without work: a caller that waits for everything to settle waits for this.
    this.#guard('Could not continue after a response', () => this.#context.scheduler.add(this));
  }

  #report({ typeUrl, outcome }: RequestOutcome): void {
    const { events, logger } = this.#context;
    if (outcome.kind === 'Acknowledged') {
      events.acknowledged?.({ stream: this, typeUrl, latencyMs: performance.now() - outcome.sentAt });
    } else if (outcome.kind === 'Rejected') {
      const { message, names } = outcome.rejection;
      events.rejected?.({ stream: this, typeUrl, message, names });
      const details = { ...this.#names(), typeUrl, names: names.slice(0, loggedNames), reason: message };
      if (names.length === 1) logger.warn(details, 'Client rejected a resource');
      else logger.info({ ...details, count: names.length }, 'Client rejected a response of several resources');
    }
  }

  /** An exception in here ends this stream and no other. */
  #guard(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fail(error, what);
    }
  }

  #fail(error: unknown, what: string): void {
    if (error instanceof StreamRefused) {
      this.close(error.reason, error.message, error.limit);
      return;
    }
    this.#context.logger.error({ ...this.#names(), error }, what);
    this.close('error', 'The server failed while it handled this stream');
  }

  #names(): { readonly stream: number; readonly peer: string; readonly node: string | undefined } {
    return { stream: this.id, peer: this.peer, node: this.node?.nodeName || this.node?.id };
  }
}

interface RequestOutcome {
  readonly typeUrl: string;
  readonly outcome: AckOutcome;
}

const loggedNames = 10;

/** For a client that reads to get the status of its stream. */
const statusGraceMs = 1_000;

function parse<T>(read: (bytes: Buffer) => T, bytes: Buffer): T {
  try {
    return read(bytes);
  } catch (error) {
    throw new StreamRefused('invalid', `The request is not a valid message: ${(error as Error).message}`);
  }
}
