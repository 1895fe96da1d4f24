import { ElementStore } from '../../nftables/element-store.ts';
import { CaptureElements } from './capture-elements.ts';
import type { KernelPort } from './kernel-port.ts';
import { nodeSets, pickChainName, slotMap } from './node-table.ts';
import { ReferenceCounts } from './reference-counts.ts';
import { assignSlots } from './slots.ts';

interface Claim {
  /** Key of the Service. */
  readonly owner: string;
  readonly port: KernelPort;
}

interface Programmed {
  readonly claim: Claim;
  /** Endpoints by slot, as nft writes them. */
  readonly slots: readonly string[];
}

/**
 * Turns the Services of one family into elements. Where two Services claim one address and port (while it moves from one
 * to the other) the first by key gets it, so that the outcome does not depend on the order of changes.
 */
export class ServiceElements {
  readonly capture: CaptureElements;
  readonly #clusterIps: ElementStore;
  readonly #services: ElementStore;
  /** Endpoints by slot. */
  readonly #slots: ElementStore[] = [];
  readonly #unserved: ElementStore;
  readonly #hairpin: ElementStore;
  readonly #family: 'ip' | 'ip6';
  readonly #mayHairpin: (address: string) => boolean;
  readonly #clusterIpCounts = new ReferenceCounts<string>();
  readonly #hairpinCounts = new ReferenceCounts<string>();
  readonly #counts = new ReferenceCounts<number>();
  readonly #keysByOwner = new Map<string, readonly string[]>();
  readonly #claims = new Map<string, readonly Claim[]>();
  readonly #programmed = new Map<string, Programmed>();

  /** @param mayHairpin whether an address may be that of a pod of this node */
  constructor(family: 'ip' | 'ip6', mayHairpin: (address: string) => boolean) {
    const sets = nodeSets(family);
    this.#family = family;
    this.capture = new CaptureElements(sets);
    this.#clusterIps = new ElementStore(sets.clusterIps);
    this.#services = new ElementStore(sets.services);
    this.#unserved = new ElementStore(sets.unserved);
    this.#hairpin = new ElementStore(sets.hairpin);
    this.#mayHairpin = mayHairpin;
  }

  get stores(): readonly ElementStore[] {
    const own = [this.#clusterIps, this.#services, ...this.#slots, this.#unserved, this.#hairpin];
    return [...own, ...this.capture.stores];
  }

  /** How many slots there are or were; each needs its map and its chain. */
  get slotCount(): number {
    return this.#slots.length;
  }

  /** Numbers of endpoints that Services have; each needs its chain. */
  get endpointCounts(): Iterable<number> {
    return this.#counts.keys();
  }

  /** Replaces what the Service had; no ports: it is gone. */
  put(owner: string, ports: readonly KernelPort[]): void {
    const claims = new Map(ports.map((port) => [portKey(port), { owner, port }]));
    for (const key of this.#keysByOwner.get(owner) ?? []) if (!claims.has(key)) this.#claim(owner, key, undefined);
    for (const [key, claim] of claims) this.#claim(owner, key, claim);
    if (claims.size === 0) this.#keysByOwner.delete(owner);
    else this.#keysByOwner.set(owner, [...claims.keys()]);
  }

  #claim(owner: string, key: string, claim: Claim | undefined): void {
    const others = (this.#claims.get(key) ?? []).filter((other) => other.owner !== owner);
    const claims = claim === undefined ? others : [...others, claim].sort((a, b) => (a.owner < b.owner ? -1 : 1));
    if (claims.length === 0) this.#claims.delete(key);
    else this.#claims.set(key, claims);
    this.#program(key, claims[0]);
  }

  #program(key: string, claim: Claim | undefined): void {
    const before = this.#programmed.get(key);
    if (before?.claim === claim) return;
    const slots = this.#programEndpoints(key, before?.slots ?? [], claim?.port);
    this.#programVerdict(key, claim?.port, slots.length);
    this.#countEndpoints(before?.slots.length ?? 0, slots.length);
    this.#programCapture(before?.claim.port, claim?.port);
    this.#countClusterIp(before?.claim.port.address, claim?.port.address);
    if (claim === undefined) this.#programmed.delete(key);
    else this.#programmed.set(key, { claim, slots });
  }

  #programEndpoints(key: string, before: readonly string[], port: KernelPort | undefined): readonly string[] {
    const texts = new Set(port?.endpoints.map((endpoint) => `${endpoint.address} . ${endpoint.port}`));
    const slots = assignSlots(before, [...texts]);
    slots.forEach((endpoint, slot) => {
      this.#slot(slot).put(key, endpoint);
      this.#countHairpin(endpoint);
    });
    for (let slot = slots.length; slot < before.length; slot += 1) this.#slot(slot).remove(key);
    for (const endpoint of before) this.#releaseHairpin(endpoint);
    return slots;
  }

  #slot(slot: number): ElementStore {
    const known = this.#slots[slot];
    if (known !== undefined) return known;
    const store = new ElementStore(slotMap(this.#family, slot));
    this.#slots[slot] = store;
    return store;
  }

  #programVerdict(key: string, port: KernelPort | undefined, count: number): void {
    if (count > 0) this.#services.put(key, `goto ${pickChainName(count)}`);
    else this.#services.remove(key);
    if (port === undefined || port.verdict === 'Forward') this.#unserved.remove(key);
    else this.#unserved.put(key, port.verdict === 'Drop' ? 'drop' : 'goto refuse');
  }

  /** Envoy must not take what has no endpoints: it would complete the handshake first. */
  #programCapture(before: KernelPort | undefined, port: KernelPort | undefined): void {
    const taken = port?.verdict === 'Forward' && port.protocol === 'TCP' && port.dataPath !== 'Kernel';
    if (taken) this.capture.put(port);
    else if (before?.protocol === 'TCP') this.capture.remove(before);
  }

  #countClusterIp(before: string | undefined, after: string | undefined): void {
    if (after !== undefined && this.#clusterIpCounts.add(after)) this.#clusterIps.put(after);
    if (before !== undefined && this.#clusterIpCounts.release(before)) this.#clusterIps.remove(before);
  }

  #countEndpoints(before: number, after: number): void {
    if (after > 0) this.#counts.add(after);
    if (before > 0) this.#counts.release(before);
  }

  #countHairpin(endpoint: string): void {
    const address = addressOf(endpoint);
    if (this.#mayHairpin(address) && this.#hairpinCounts.add(address)) this.#hairpin.put(`${address} . ${address}`);
  }

  #releaseHairpin(endpoint: string): void {
    const address = addressOf(endpoint);
    if (this.#mayHairpin(address) && this.#hairpinCounts.release(address))
      this.#hairpin.remove(`${address} . ${address}`);
  }
}

function portKey({ address, protocol, port }: KernelPort): string {
  return `${address} . ${protocol.toLowerCase()} . ${port}`;
}

function addressOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.indexOf(' '));
}
