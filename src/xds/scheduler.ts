/** Something that has responses to send. */
export interface Sender {
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
  #urgent = new Set<Sender>();
  #ordinary = new Set<Sender>();
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
    if (sender.hasUrgentWork) {
      this.#ordinary.delete(sender);
      this.#urgent.add(sender);
    } else if (!this.#urgent.has(sender)) {
      this.#ordinary.add(sender);
    }
    this.wake();
  }

  remove(sender: Sender): void {
    this.#urgent.delete(sender);
    this.#ordinary.delete(sender);
  }

  #run(): void {
    this.#isScheduled = false;
    const start = performance.now();
    const hasMore = this.#prepare(start + this.#sliceMs / 2);
    this.#pumpUntil(start + this.#sliceMs);
    if (hasMore || this.#urgent.size > 0 || this.#ordinary.size > 0) this.wake();
    else this.#onIdle();
  }

  #pumpUntil(deadline: number): void {
    for (const queue of [this.#urgent, this.#ordinary]) {
      // A set is iterated in the order of insertion, with what is added meanwhile: those with more to send go last.
      for (const sender of queue) {
        queue.delete(sender);
        if (sender.pump(deadline)) this.add(sender);
        if (performance.now() > deadline) return;
      }
    }
  }
}
