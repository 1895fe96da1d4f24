import type { IpFamily } from '../../model/service.ts';
import type { Frontend, ServiceView } from '../xds/service-view.ts';

/** A UDP flow as connection tracking has it. */
export interface UdpFlow {
  /** Where the client sent it. */
  readonly destination: string;
  readonly port: number;
  /** Who answers, as the node expects it. */
  readonly answering: string;
  readonly answeringPort: number;
}

/** `address port` of all that may have flows. */
type Serving = ReadonlySet<string>;

/** Node ports are reached at any address of the node. */
const anyAddress = '*';

/**
 * Which endpoints may have flows of which UDP addresses, and which flows are stale. Contract: kube-proxy's pkg/proxy/conntrack/cleanup.go, with two
 * differences that its later versions have as well: also flows of Services without a serving endpoint (kubernetes#139628) and of Services
 * that were deleted (kubernetes#141371) are removed.
 */
export class UdpFlows {
  /** Names of frontends by Service. */
  readonly #services = new Map<string, readonly string[]>();
  readonly #frontends = new Map<string, Serving>();
  /** Gone since the last pass. */
  readonly #removed = new Set<string>();
  #hasChanged = false;

  /** A view without UDP frontends removes what the Service had. */
  put({ key, frontends }: Pick<ServiceView, 'key' | 'frontends'>): void {
    const after = new Map(frontends.filter(isUdp).map((frontend) => [nameOf(frontend), servingOf(frontend)]));
    const before = this.#services.get(key);
    if (after.size === 0 && before === undefined) return;
    this.#hasChanged = true;
    for (const name of before ?? []) if (!after.has(name)) this.#forget(name);
    for (const [name, serving] of after) {
      this.#frontends.set(name, serving);
      this.#removed.delete(name);
    }
    if (after.size === 0) this.#services.delete(key);
    else this.#services.set(key, [...after.keys()]);
  }

  /** Whether a pass is due; what changes from now on needs another. */
  takeChanged(): boolean {
    const changed = this.#hasChanged;
    this.#hasChanged = false;
    return changed;
  }

  /** A pass is over: flows of what had been removed before it are gone. */
  takeRemoved(): ReadonlySet<string> {
    const removed = new Set(this.#removed);
    this.#removed.clear();
    return removed;
  }

  /** @param removed addresses that were given up since the last pass */
  isStale({ destination, port, answering, answeringPort }: UdpFlow, removed: ReadonlySet<string>): boolean {
    const names = [`${destination} ${port}`, `${anyAddress} ${port}`];
    const frontend = names.map((name) => this.#frontends.get(name)).find((found) => found !== undefined);
    if (frontend !== undefined) {
      // A datagram to the node's own address at a port that is a node port as well was not for the Service if nobody translated it.
      const isUntranslatedNodePort = !this.#frontends.has(names[0] ?? '') && answering === destination;
      return !isUntranslatedNodePort && !frontend.has(`${answering} ${answeringPort}`);
    }
    return answering !== destination && names.some((name) => removed.has(name));
  }

  #forget(name: string): void {
    this.#frontends.delete(name);
    this.#removed.add(name);
  }
}

function isUdp({ protocol }: Frontend): boolean {
  return protocol === 'UDP';
}

function nameOf({ kind, address, port }: Frontend): string {
  return `${kind === 'NodePort' ? anyAddress : address} ${port}`;
}

function servingOf({ endpointSet, shortCircuitSet, servingSet }: Frontend): Serving {
  const sets = servingSet === undefined ? [endpointSet, shortCircuitSet] : [servingSet];
  const endpoints = sets.flatMap((set) => set?.endpoints ?? []);
  return new Set(endpoints.map(({ address, port }) => `${address} ${port}`));
}

/** A line of `conntrack --dump --proto udp`: the tuple of the first direction, then that of the answers. */
export function parseFlow(line: string): UdpFlow | undefined {
  const values = (name: string) => [...line.matchAll(new RegExp(`\\b${name}=(\\S+)`, 'g'))].map((match) => match[1]);
  const [, answering] = values('src');
  const [destination] = values('dst');
  const [, answeringPort] = values('sport');
  const [port] = values('dport');
  if (answering === undefined || destination === undefined || answeringPort === undefined || port === undefined)
    return undefined;
  return { destination, port: Number(port), answering, answeringPort: Number(answeringPort) };
}

export function conntrackFamily(family: IpFamily): 'ipv4' | 'ipv6' {
  return family === 'IPv4' ? 'ipv4' : 'ipv6';
}
