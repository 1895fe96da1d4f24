/** Someone who waits for a place, or has one. */
export interface Guest {
  /** It has its place; may be called within `enter`. */
  admitted(): void;
}

export interface AdmissionOptions {
  /** Places. */
  readonly places: number;
  /** A place is given up when nothing was heard of the guest for so long, in milliseconds. */
  readonly idleMs: number;
  /** The same before anything was heard of it. */
  readonly silentMs: number;
}

/**
 * Lets a few streams at a time say what they know. When a server starts, every client comes back at once with every
 * name it has: 1,000 clients of 10,000 names are half a gigabyte, which would all be read at the same time, before the
 * first is understood. Those that wait are held back by the flow control of HTTP/2.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #inside = new Map<Guest, NodeJS.Timeout>();
  readonly #waiting = new Set<Guest>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  enter(guest: Guest): void {
    if (this.#inside.size >= this.#options.places) this.#waiting.add(guest);
    else this.#admit(guest);
  }

  /** The guest is still talking. */
  heard(guest: Guest): void {
    const timer = this.#inside.get(guest);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#inside.set(guest, this.#leaveAfter(guest, this.#options.idleMs));
  }

  leave(guest: Guest): void {
    this.#waiting.delete(guest);
    const timer = this.#inside.get(guest);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#inside.delete(guest);
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      this.#admit(next);
      return;
    }
  }

  #admit(guest: Guest): void {
    this.#inside.set(guest, this.#leaveAfter(guest, this.#options.silentMs));
    guest.admitted();
  }

  /** In a busy process a timer may fire before what has long arrived is read, so one round of reading follows it. */
  #leaveAfter(guest: Guest, milliseconds: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      setImmediate(() => {
        if (this.#inside.get(guest) === timer) this.leave(guest);
      });
    }, milliseconds);
    return timer.unref();
  }
}
