/** Counts by the peer's address. */
export class PeerCounts {
  readonly #counts = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  of(host: string): number {
    return this.#counts.get(host) ?? 0;
  }

  /** @param more 1 or -1 */
  add(host: string, more: number): void {
    this.#total += more;
    const count = this.of(host) + more;
    if (count === 0) this.#counts.delete(host);
    else this.#counts.set(host, count);
  }
}

/** The address without the port: `10.0.0.1` of `10.0.0.1:4711`. */
export function hostOf(peer: string): string {
  const colon = peer.lastIndexOf(':');
  return colon === -1 ? peer : peer.slice(0, colon);
}

/** What to do about a limit of one address. */
export const sharedAddress =
  'where nodes share an address (a load balancer, NAT), raise limits.streamsPerPeer and limits.connectionsPerPeer';
