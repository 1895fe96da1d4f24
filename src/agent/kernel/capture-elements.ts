import { formatHostPort } from '../../base/host-port.ts';
import { ElementStore } from '../../nftables/element-store.ts';
import type { Frontend } from '../xds/service-view.ts';
import type { AddressNames, Gate } from './gate.ts';
import type { NodeSets } from './node-sets.ts';

const toTcp = 'goto envoy-tcp';
const toHttp = 'goto envoy-http';

/**
 * Which Service addresses Envoy takes, and whether its gates are open. An HTTP address is taken only once Envoy has its
 * scope: before that Envoy would answer the first requests with 404.
 */
export class CaptureElements {
  readonly #capture: ElementStore;
  readonly #openTcp: ElementStore;
  readonly #openHttp: ElementStore;
  readonly #known: ElementStore;
  /** HTTP addresses by Envoy's name, to the key in the kernel. */
  readonly #http = new Map<string, string>();
  readonly #missing = new Set<string>();
  /** As last seen, without those of addresses that were removed since: Envoy loses them, and would get them back too late. */
  #scopes = new Set<string>();

  constructor(sets: NodeSets) {
    this.#capture = new ElementStore(sets.capture);
    this.#openTcp = new ElementStore(sets.openTcp);
    this.#openHttp = new ElementStore(sets.openHttp);
    this.#known = new ElementStore(sets.known);
  }

  get stores(): readonly ElementStore[] {
    return [this.#capture, this.#openTcp, this.#openHttp, this.#known];
  }

  /** HTTP addresses whose scope Envoy was not seen to have, by Envoy's name. */
  get missingScopes(): AddressNames {
    return this.#missing;
  }

  put(port: Frontend): void {
    if (port.dataPath !== 'EnvoyHttp') this.remove(port);
    const key = captureKey(port.address, port.port);
    if (port.dataPath === 'EnvoyTcp') this.#capture.put(key, toTcp);
    if (port.dataPath !== 'EnvoyHttp') return;
    const name = formatHostPort({ host: port.address, port: port.port });
    this.#http.set(name, key);
    this.#settle(name, key);
  }

  remove(port: Pick<Frontend, 'address' | 'port'>): void {
    const name = formatHostPort({ host: port.address, port: port.port });
    this.#capture.remove(captureKey(port.address, port.port));
    this.#http.delete(name);
    this.#missing.delete(name);
    this.#scopes.delete(name);
  }

  /** Whether Envoy has the scope of everything that the kernel sends to its `http` listener. */
  coveredBy(scopes: AddressNames): boolean {
    return [...this.#http.keys()].every((name) => scopes.has(name) || this.#missing.has(name));
  }

  /** Replaces what was known of Envoy by what it has now. */
  setScopes(scopes: AddressNames): void {
    this.#scopes = new Set(scopes);
    for (const [name, key] of this.#http) this.#settle(name, key);
  }

  setGate(gate: Gate): void {
    for (const [store, open] of [
      [this.#openTcp, gate.tcp],
      [this.#openHttp, gate.http],
    ] as const) {
      if (open) store.put('tcp');
      else store.remove('tcp');
    }
    this.#known.replaceKeys(this.#keysOf(gate.known));
  }

  #keysOf(known: Gate['known']): ReadonlySet<string> {
    if (known.tcp.size + known.http.size === 0) return new Set();
    const keys = [...this.#capture.keys()];
    return new Set(keys.filter((key) => this.#namesFor(key, known).has(nameOf(key))));
  }

  #namesFor(key: string, known: Gate['known']): AddressNames {
    return this.#capture.get(key) === toHttp ? known.http : known.tcp;
  }

  #settle(name: string, key: string): void {
    if (this.#scopes.has(name)) {
      this.#missing.delete(name);
      this.#capture.put(key, toHttp);
    } else {
      this.#missing.add(name);
      this.#capture.remove(key);
    }
  }
}

function captureKey(address: string, port: number): string {
  return `${address} . ${port}`;
}

function nameOf(key: string): string {
  const [address = '', port] = key.split(' . ');
  return formatHostPort({ host: address, port: Number(port) });
}
