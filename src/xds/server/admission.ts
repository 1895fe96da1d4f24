/** What waits for a place, or holds one. */
export interface AdmissionHolder {
  /** It has its place; may be called within `acquire`. */
  admitted(): void;
}

export interface AdmissionOptions {
  /** Places. */
  readonly places: number;
  /** A place is given up after so many milliseconds without a message of the holder. */
  readonly idleMs: number;
  /** The same before its first message. */
  readonly silentMs: number;
}

/**
 * Lets a few streams at a time say what they know. When a server starts, every client comes back at once with every
 * name it has: 1,000 clients of 10,000 names are half a gigabyte, which would all be read at the same time, before the
 * first is understood. Those that wait are held back by the flow control of HTTP/2.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #holders = new Map<AdmissionHolder, NodeJS.Timeout>();
  readonly #waiting = new Set<AdmissionHolder>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  acquire(holder: AdmissionHolder): void {
    if (this.#holders.size >= this.#options.places) this.#waiting.add(holder);
    else this.#admit(holder);
  }

  /** The holder sent a message. */
  touch(holder: AdmissionHolder): void {
    const timer = this.#holders.get(holder);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#holders.set(holder, this.#releaseAfter(holder, this.#options.idleMs));
  }

  release(holder: AdmissionHolder): void {
    this.#waiting.delete(holder);
    const timer = this.#holders.get(holder);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#holders.delete(holder);
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      this.#admit(next);
      return;
    }
  }

  #admit(holder: AdmissionHolder): void {
    this.#holders.set(holder, this.#releaseAfter(holder, this.#options.silentMs));
    holder.admitted();
  }

  /** In a busy process a timer may fire before what has long arrived is read, so one round of reading follows it. */
  #releaseAfter(holder: AdmissionHolder, milliseconds: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      setImmediate(() => {
        if (this.#holders.get(holder) === timer) this.release(holder);
      });
    }, milliseconds);
    return timer.unref();
  }
}
