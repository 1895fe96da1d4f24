import { ElementStore } from '../../nftables/element-store.ts';
import { classidText } from '../../nftables/rule-text.ts';
import { rememberChainName } from './affinity-table.ts';
import type { AffinitySets } from './node-sets.ts';
import { Numbers } from './numbers.ts';
import { ReferenceCounts } from './reference-counts.ts';

/** Above the numbers of endpoint sets. */
const leastPort = 0x8000;
const portCount = 0x7fff;
const endpointCount = 0xffff;

/** A Service port whose clients stay with an endpoint, on all of its addresses. */
export class AffinityPort {
  readonly #number: number;
  readonly #endpoints = new Numbers(1, endpointCount);

  constructor(number: number) {
    this.#number = number;
  }

  get text(): string {
    return classidText(this.#number * 0x1_0000);
  }

  /** Undefined: it has too many endpoints; clients do not stay with this one. */
  numberOf(endpoint: string): string | undefined {
    const number = this.#endpoints.of(endpoint);
    return number === undefined ? undefined : classidText(this.#number * 0x1_0000 + number);
  }

  /** No endpoint set has the endpoint any more. */
  release(endpoint: string): void {
    this.#endpoints.release(endpoint);
  }
}

/** The elements of the table that remembers clients, as far as the agent writes them. */
export class AffinityPorts {
  readonly ports: ElementStore;
  readonly timeouts: ElementStore;
  readonly #numbers = new Numbers(leastPort, portCount);
  readonly #known = new Map<string, { readonly port: AffinityPort; readonly timeoutSeconds: number }>();
  readonly #timeoutCounts = new ReferenceCounts<number>();

  constructor(sets: AffinitySets) {
    this.ports = new ElementStore(sets.ports);
    this.timeouts = new ElementStore(sets.timeouts);
  }

  /** Time-outs that occur; each needs its chain. */
  get timeoutsInUse(): Iterable<number> {
    return this.#timeoutCounts.keys();
  }

  /** Undefined: there are more Service ports with affinity than numbers. */
  put(name: string, timeoutSeconds: number): AffinityPort | undefined {
    const before = this.#known.get(name);
    const port = before?.port ?? this.#create(name);
    if (port === undefined || before?.timeoutSeconds === timeoutSeconds) return port;
    this.#timeoutCounts.add(timeoutSeconds);
    if (before !== undefined) this.#timeoutCounts.release(before.timeoutSeconds);
    this.#known.set(name, { port, timeoutSeconds });
    this.timeouts.put(port.text, `jump ${rememberChainName(timeoutSeconds)}`);
    return port;
  }

  remove(name: string): void {
    const known = this.#known.get(name);
    if (known === undefined) return;
    this.timeouts.remove(known.port.text);
    this.#timeoutCounts.release(known.timeoutSeconds);
    this.#known.delete(name);
    this.#numbers.release(name);
  }

  #create(name: string): AffinityPort | undefined {
    const number = this.#numbers.of(name);
    return number === undefined ? undefined : new AffinityPort(number);
  }
}
