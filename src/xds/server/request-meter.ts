import type { Http2Stream } from 'node:http2';
import type { BudgetHolder, ByteBudget } from './byte-budget.ts';

/** What the meter needs of an HTTP/2 stream. */
export type MeteredStream = Pick<Http2Stream, 'on' | 'pause' | 'resume'>;

export interface RequestMeterOptions {
  readonly stream: MeteredStream;
  readonly peer: string;
  readonly budget: ByteBudget;
  /** The client sends requests as no real client does: compressed, or in tiny pieces. */
  readonly onInvalid: (message: string) => void;
}

const headLength = 5;

/** What each DATA frame costs in addition to its bytes while its message is unfinished: a Buffer and its place in an array. */
const chunkOverhead = 150;

/** No real client cuts its messages into pieces so small that they cost four times their size. */
const crumbs = { times: 4, atLeast: 64 * 1024 };

/**
 * Counts the bytes of gRPC messages that have begun and not ended, which grpc-js holds until the last one comes. A
 * message that does not arrive at once needs room in the budget before its rest is read; until then the flow control of
 * HTTP/2 holds the client back.
 */
export class RequestMeter implements BudgetHolder {
  readonly peer: string;
  readonly #stream: MeteredStream;
  readonly #budget: ByteBudget;
  readonly #onInvalid: (message: string) => void;
  readonly #head = Buffer.alloc(headLength);
  #headRead = 0;
  #bodyLength = 0;
  #bodyLeft = 0;
  #held = 0;
  #isReserved = false;
  /** `performance.now()` when the unfinished message began or got its room. */
  #begunAt: number | undefined;
  #isWaiting = false;
  #isClosed = false;

  constructor(options: RequestMeterOptions) {
    this.#stream = options.stream;
    this.peer = options.peer;
    this.#budget = options.budget;
    this.#onInvalid = options.onInvalid;
    this.#stream.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  /** The message that is being received waits for room. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** When the unfinished message began; undefined when there is none, or it is the server that lets it wait. */
  get begunAt(): number | undefined {
    return this.#isWaiting ? undefined : this.#begunAt;
  }

  /** Of BudgetHolder. */
  granted(): void {
    this.#isWaiting = false;
    this.#isReserved = true;
    this.#begunAt = performance.now();
    this.#stream.resume();
  }

  /** What was received has been processed; the message that is being received keeps its room. */
  release(): void {
    if (!this.#isClosed) this.#budget.set(this, this.#isReserved ? this.#bodyLength : 0);
  }

  /** What still arrives is not counted: nobody would release it. */
  close(): void {
    this.#isClosed = true;
    this.#isWaiting = false;
    this.#budget.release(this);
  }

  #read(chunk: Buffer): void {
    if (this.#isClosed) return;
    for (let position = 0; position < chunk.length; ) {
      if (this.#headRead < headLength) position += this.#readHead(chunk, position);
      const body = Math.min(this.#bodyLeft, chunk.length - position);
      this.#bodyLeft -= body;
      position += body;
      if (this.#headRead === headLength && this.#bodyLeft === 0) this.#finish();
    }
    if (this.#headRead > 0) this.#hold(chunk);
  }

  #readHead(chunk: Buffer, position: number): number {
    const read = chunk.copy(this.#head, this.#headRead, position, position + headLength - this.#headRead);
    this.#headRead += read;
    this.#begunAt ??= performance.now();
    if (this.#headRead < headLength) return read;
    if (this.#head[0] !== 0) this.#onInvalid('Requests must not be compressed');
    this.#bodyLength = this.#head.readUInt32BE(1);
    this.#bodyLeft = this.#bodyLength;
    return read;
  }

  #finish(): void {
    this.#headRead = 0;
    this.#held = 0;
    this.#isReserved = false;
    this.#begunAt = undefined;
  }

  /** The message continues in a later frame. */
  #hold(chunk: Buffer): void {
    this.#held += chunk.length + chunkOverhead;
    if (this.#held > Math.max(crumbs.atLeast, crumbs.times * this.#bodyLength)) {
      this.#onInvalid('The request comes in pieces that are too small');
    }
    if (this.#isReserved || this.#headRead < headLength) return;
    this.#isReserved = !this.#isWaiting && this.#budget.reserve(this, this.#bodyLength);
    this.#isWaiting = !this.#isReserved;
    if (this.#isWaiting) this.#wait();
  }

  /**
   * Room that earlier requests of the stream hold would never come: they are let go of when the first round is over, and this
   * one belongs to it. An Envoy that repeats its node in each request sends 60 kB with each of hundreds of names.
   */
  #wait(): void {
    this.#stream.pause();
    if (this.#budget.fitsWithout(this, this.#bodyLength)) this.#budget.set(this, 0);
  }
}
