import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { formatHostPort, type HostPort } from '../../base/host-port.ts';
import { preferenceOf } from '../../base/rendezvous.ts';

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export const resolveByDns: Resolve = async (host) => {
  const addresses = await lookup(host, { all: true });
  return addresses.map(({ address }) => address);
};

/** A resolver whose servers are away gives up after 10 s and more; what was known may work meanwhile. */
const longestWaitMs = 1_000;

/** The controllers as `ADDRESS:PORT`; each address of a name counts as one controller. */
export class Candidates {
  readonly #nodeName: string;
  readonly #controllers: readonly HostPort[];
  readonly #resolve: Resolve;
  readonly #waitMs: number;
  /** By host, as last resolved: the last answer stays in use while DNS does not answer. */
  readonly #addresses = new Map<string, readonly string[]>();
  /** Lookups in progress, one for each host: each occupies one of the four threads that Node has for them. */
  readonly #lookups = new Map<string, Promise<void>>();

  /** @param waitMs the longest that a refresh waits for DNS */
  constructor(nodeName: string, controllers: readonly HostPort[], resolve: Resolve, waitMs = longestWaitMs) {
    this.#waitMs = waitMs;
    this.#nodeName = nodeName;
    this.#controllers = controllers;
    this.#resolve = resolve;
    for (const { host } of controllers) if (isIP(host) !== 0) this.#addresses.set(host, [host]);
  }

  /** In the order in which this node prefers them. A name that was never resolved is kept as it is. */
  get list(): readonly string[] {
    const all = this.#controllers.flatMap(({ host, port }) => {
      return (this.#addresses.get(host) ?? [host]).map((address) => formatHostPort({ host: address, port }));
    });
    return preferenceOf(this.#nodeName, [...new Set(all)]);
  }

  get isResolved(): boolean {
    return this.#controllers.every(({ host }) => this.#addresses.has(host));
  }

  /** Does not wait long; what DNS answers later is used from then on. */
  async refresh(): Promise<void> {
    const names = this.#controllers.filter(({ host }) => isIP(host) === 0);
    if (names.length === 0) return;
    const late = new AbortController();
    const all = Promise.all(names.map(({ host }) => this.#refreshOne(host)));
    await Promise.race([all, delay(this.#waitMs, undefined, { signal: late.signal }).catch(() => {})]);
    late.abort();
  }

  #refreshOne(host: string): Promise<void> {
    const lookup = this.#lookups.get(host) ?? this.#lookUp(host).finally(() => this.#lookups.delete(host));
    this.#lookups.set(host, lookup);
    return lookup;
  }

  async #lookUp(host: string): Promise<void> {
    try {
      const addresses = await this.#resolve(host);
      if (addresses.length > 0) this.#addresses.set(host, addresses);
    } catch {
      // Connecting to the name fails with the same error, which is then logged.
    }
  }
}
