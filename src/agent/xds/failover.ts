/**
 * How soon a controller is left that no longer answers, milliseconds. Together they are at most 2 s: by then the agent of a
 * controller that is cut off is at its second choice, or, if that one is cut off too, tries the third (failover.test.ts).
 */
export const failover = {
  /** Between pings. Answering one takes a controller 15 to 20 µs. */
  pingMs: 400,
  /** For the answer. A controller that is busy for less is not left. */
  pingTimeoutMs: 800,
  /** For a connection to speak HTTP/2 while there are others to try. */
  connectTimeoutMs: 800,
};

/** How long a loss is remembered. */
const memoryMs = 60_000;
/** No more patience than this: of machines that are gone for good, connections would be kept for so long. */
const longestPingTimeoutMs = 10_000;

/**
 * How long to wait for the answer to a ping. It doubles with each controller that was lost in the last minute: where all are slow, or
 * the agent's own machine is, leaving one for the next would only add to their work.
 */
export class PingPatience {
  #losses: readonly number[] = [];

  /** @param now milliseconds, as all here */
  lost(now: number): void {
    this.#losses = [...this.#recent(now), now];
  }

  timeoutMs(now: number): number {
    return Math.min(longestPingTimeoutMs, failover.pingTimeoutMs * 2 ** this.#recent(now).length);
  }

  #recent(now: number): readonly number[] {
    return this.#losses.filter((at) => now - at < memoryMs).slice(-10);
  }
}
