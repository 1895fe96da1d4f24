import { type Rank, ranks } from '../streams/ranks.ts';

/** In which queues a sender waits: bits, because a set would be allocated with every change. */
export const noQueue = 0;
const queueBits: Readonly<Record<Rank, number>> = { endpoints: 1, others: 2, views: 4 };

/** Something that has responses to send. */
export interface Sender {
  /** `noQueue` at first; for the scheduler alone. */
  queued: number;
  hasWorkOf(rank: Rank): boolean;
  /** Sends at most one response, of this rank if there is one. @returns whether it is to be called again */
  pump(deadline: number, rank: Rank): boolean;
  /** `pump` threw. */
  failed(error: unknown): void;
}

export interface SchedulerOptions {
  readonly sliceMs: number;
  /** Work before sending, within half a slice. @returns whether there is more */
  readonly prepare: (deadline: number) => boolean;
  readonly onPrepareError: (error: unknown) => void;
  readonly onIdle: () => void;
}

/**
 * Lets the senders take turns in slices of time, so that a change that goes to every stream does not keep
 * acknowledgements, pings and health checks waiting. Everything asked for within one turn of the event loop is sent
 * together, after it. Queues that have work at the same time get the same time.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #queues: Readonly<Record<Rank, Queue>> = { endpoints: new Queue(), others: new Queue(), views: new Queue() };
  /** Milliseconds that each queue had; one that was empty does not save up. Outlives the slice. */
  readonly #usedMs: Record<Rank, number> = { endpoints: 0, others: 0, views: 0 };
  #isScheduled = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Senders that wait, in all queues together. */
  get length(): number {
    return ranks.reduce((sum, rank) => sum + this.#queues[rank].length, 0);
  }

  wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#run());
  }

  add(sender: Sender): void {
    for (const rank of ranks) if (sender.hasWorkOf(rank)) this.#enqueue(sender, rank);
    this.wake();
  }

  /** At most once in each queue, however often it is added. */
  #enqueue(sender: Sender, rank: Rank): void {
    if ((sender.queued & queueBits[rank]) !== 0) return;
    sender.queued |= queueBits[rank];
    if (this.#queues[rank].length === 0) this.#catchUp(rank);
    this.#queues[rank].push(sender);
  }

  /** A queue that was empty begins where the others are. */
  #catchUp(rank: Rank): void {
    const least = this.#nextRank();
    if (least !== undefined) this.#usedMs[rank] = Math.max(this.#usedMs[rank], this.#usedMs[least]);
  }

  #run(): void {
    this.#isScheduled = false;
    const { sliceMs, onIdle } = this.#options;
    const start = performance.now();
    const hasMore = this.#prepare(start + sliceMs / 2);
    this.#pumpUntil(Math.max(start + sliceMs, performance.now() + sliceMs / 2));
    if (hasMore || this.length > 0) this.wake();
    else onIdle();
  }

  #prepare(deadline: number): boolean {
    try {
      return this.#options.prepare(deadline);
    } catch (error) {
      this.#options.onPrepareError(error);
      return true;
    }
  }

  /** At least one is called, so that all get their turn however long the others take. Those with more to send go last. */
  #pumpUntil(deadline: number): void {
    let start = performance.now();
    do {
      const rank = this.#nextRank();
      const sender = rank === undefined ? undefined : this.#queues[rank].shift();
      if (rank === undefined || sender === undefined) return;
      sender.queued &= ~queueBits[rank];
      this.#pump(sender, deadline, rank);
      const end = performance.now();
      this.#usedMs[rank] += end - start;
      start = end;
    } while (start <= deadline);
  }

  /** That of the queues with work that had the least time; undefined when none has work. Allocates nothing. */
  #nextRank(): Rank | undefined {
    let least: Rank | undefined;
    for (const rank of ranks) {
      if (this.#queues[rank].length === 0) continue;
      if (least === undefined || this.#usedMs[rank] < this.#usedMs[least]) least = rank;
    }
    return least;
  }

  #pump(sender: Sender, deadline: number, rank: Rank): void {
    try {
      if (sender.pump(deadline, rank)) this.add(sender);
    } catch (error) {
      sender.failed(error);
    }
  }
}

/** First in, first out; allocates nothing once it has reached its maximum length. */
class Queue {
  readonly #items: (Sender | undefined)[] = [];
  #head = 0;
  #tail = 0;

  get length(): number {
    return this.#tail - this.#head;
  }

  push(sender: Sender): void {
    if (this.#tail === this.#items.length && this.#head > this.#tail / 2) this.#moveToFront();
    this.#items[this.#tail] = sender;
    this.#tail += 1;
  }

  shift(): Sender | undefined {
    if (this.length === 0) return undefined;
    const sender = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.length === 0) {
      this.#head = 0;
      this.#tail = 0;
    }
    return sender;
  }

  #moveToFront(): void {
    this.#items.copyWithin(0, this.#head, this.#tail);
    this.#items.fill(undefined, this.#tail - this.#head, this.#tail);
    this.#tail -= this.#head;
    this.#head = 0;
  }
}
