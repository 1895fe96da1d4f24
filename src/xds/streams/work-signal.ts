/** Tells the stream that there is something to send, once until that was collected, and remembers since when. */
export class WorkSignal {
  readonly #onWork: () => void;
  #isGiven = false;
  /** `performance.now()` of the oldest change that was not sent. */
  changedAt = Number.POSITIVE_INFINITY;

  constructor(onWork: () => void) {
    this.#onWork = onWork;
  }

  give(since: number): void {
    if (since < this.changedAt) this.changedAt = since;
    if (this.#isGiven) return;
    this.#isGiven = true;
    this.#onWork();
  }

  /** The next change calls again. */
  reset(): void {
    this.#isGiven = false;
  }
}
