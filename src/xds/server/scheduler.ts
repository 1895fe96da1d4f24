type Rank = 'urgent' | 'ordinary';

/** Something that has responses to send. */
export interface Sender {
  /** In which queue it waits; for the scheduler alone, which keeps it here because a set allocates with every change. */
  waiting: Rank | undefined;
  /** Endpoints wait to be sent. */
  readonly hasUrgentWork: boolean;
  /** Sends at most one response. @returns whether it is to be called again */
  pump(deadline: number): boolean;
}

/**
 * Lets the senders send in turn, in slices of time, so that a change that goes to every stream does not keep
 * acknowledgements, pings and health checks waiting. Everything asked for within one turn of the event loop is sent
 * together, after it.
 */
export class Scheduler {
  readonly #sliceMs: number;
  /** Work before sending, within half a slice. @returns whether there is more */
  readonly #prepare: (deadline: number) => boolean;
  readonly #onIdle: () => void;
  readonly #queues = { urgent: new Queue(), ordinary: new Queue() };
  #isScheduled = false;

  constructor(options: {
    readonly sliceMs: number;
    readonly prepare: (deadline: number) => boolean;
    readonly onIdle: () => void;
  }) {
    this.#sliceMs = options.sliceMs;
    this.#prepare = options.prepare;
    this.#onIdle = options.onIdle;
  }

  get isIdle(): boolean {
    return !this.#isScheduled;
  }

  wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#run());
  }

  add(sender: Sender): void {
    if (sender.hasUrgentWork) this.#enqueue(sender, 'urgent');
    else if (sender.waiting === undefined) this.#enqueue(sender, 'ordinary');
    this.wake();
  }

  remove(sender: Sender): void {
    sender.waiting = undefined;
  }

  /** Where it waited before, it is passed over. */
  #enqueue(sender: Sender, rank: Rank): void {
    if (sender.waiting === rank) return;
    sender.waiting = rank;
    this.#queues[rank].push(sender);
  }

  #run(): void {
    this.#isScheduled = false;
    const start = performance.now();
    const hasMore = this.#prepare(start + this.#sliceMs / 2);
    this.#pumpUntil(start + this.#sliceMs);
    if (hasMore || !this.#queues.urgent.isEmpty || !this.#queues.ordinary.isEmpty) this.wake();
    else this.#onIdle();
  }

  /** Those with more to send go last. */
  #pumpUntil(deadline: number): void {
    for (const rank of ['urgent', 'ordinary'] as const) {
      const queue = this.#queues[rank];
      for (let sender = queue.shift(); sender !== undefined; sender = queue.shift()) {
        if (sender.waiting !== rank) continue;
        sender.waiting = undefined;
        if (sender.pump(deadline)) this.add(sender);
        if (performance.now() > deadline) return;
      }
    }
  }
}

/** First in, first out; allocates nothing once it was as long as it gets. */
class Queue {
  readonly #items: (Sender | undefined)[] = [];
  #head = 0;
  #tail = 0;

  get isEmpty(): boolean {
    return this.#head === this.#tail;
  }

  push(sender: Sender): void {
    if (this.#tail === this.#items.length && this.#head > this.#tail / 2) this.#moveToFront();
    this.#items[this.#tail] = sender;
    this.#tail += 1;
  }

  shift(): Sender | undefined {
    if (this.isEmpty) return undefined;
    const sender = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.isEmpty) {
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
