/** What ends at a certain age. */
interface Aging {
  close(reason: 'age', message: string): void;
}

/**
 * Ends streams at a certain age, so that clients that switched to another replica return to the one that they prefer. Only
 * the stream ends, with OK: a connection that is closed under it would count against this replica in Envoy.
 */
export class StreamAges {
  readonly #ageMs: number;
  readonly #timers = new Map<Aging, NodeJS.Timeout>();

  /** @param ageMs 0: streams may grow as old as they like */
  constructor(ageMs: number) {
    this.#ageMs = ageMs;
  }

  /** Those that came together, since a replica was lost, do not leave together. */
  add(stream: Aging): void {
    if (this.#ageMs === 0) return;
    const ageMs = this.#ageMs * (0.75 + 0.5 * Math.random());
    const end = () =>
      stream.close('age', 'The stream has reached its maximum age; the client is asked to choose a server again');
    this.#timers.set(stream, setTimeout(end, ageMs).unref());
  }

  delete(stream: Aging): void {
    clearTimeout(this.#timers.get(stream));
    this.#timers.delete(stream);
  }
}
