import type { ElementStore } from '../../nftables/element-store.ts';
import type { PacketFamily } from '../../nftables/rule.ts';
import type { Frontend } from '../xds/service-view.ts';
import { AffinityPorts } from './affinity-ports.ts';
import type { PolicyName } from './balance-chains.ts';
import type { CaptureElements } from './capture-elements.ts';
import { EndpointSetElements } from './endpoint-set-elements.ts';
import { FrontendElements, type FrontendEntry, keyOfFrontend } from './frontend-elements.ts';
import { affinitySets, nodeSets } from './node-sets.ts';
import {
  addressed,
  allowedSources,
  entryOf,
  type NodeAddresses,
  noAddresses,
  servicePortName,
  type UsedSet,
  usedSets,
} from './service-plan.ts';

interface Claim {
  /** Key of the Service. */
  readonly owner: string;
  readonly entry: FrontendEntry;
}

/** What a Service has in the tables. */
interface Held {
  readonly keys: readonly string[];
  readonly sets: ReadonlySet<string>;
  readonly affinityPorts: ReadonlySet<string>;
}

const nothing: Held = { keys: [], sets: new Set(), affinityPorts: new Set() };

/**
 * Turns the Services of one family into elements. Where two Services claim one address and port (while it moves from one
 * to the other) the first by key gets it, so that the outcome does not depend on the order of changes.
 */
export class ServiceElements {
  readonly affinity: AffinityPorts;
  readonly sets: EndpointSetElements;
  readonly #frontends: FrontendElements;
  readonly #held = new Map<string, Held>();
  readonly #claims = new Map<string, readonly Claim[]>();
  /** Services whose elements depend on the node's addresses. */
  readonly #ofNode = new Map<string, readonly Frontend[]>();
  readonly #withheld = new Map<string, readonly Frontend[]>();
  /** Services that changed since the last transaction was composed. */
  #changed = new Set<string>();
  #sent: ReadonlySet<string> = new Set();
  #addresses = noAddresses;

  /** @param mayHairpin whether an address may be that of a pod of this node */
  constructor(family: PacketFamily, mayHairpin: (address: string) => boolean) {
    const sets = nodeSets(family);
    this.affinity = new AffinityPorts(affinitySets(family));
    this.sets = new EndpointSetElements(family, sets, mayHairpin);
    this.#frontends = new FrontendElements(sets, this.affinity.ports);
  }

  get capture(): CaptureElements {
    return this.#frontends.capture;
  }

  /** Of the table that is replaced. */
  get stores(): readonly ElementStore[] {
    return [...this.#frontends.stores, ...this.sets.stores];
  }

  /** Services that are left out, with what they ask for. */
  get withheld(): ReadonlyMap<string, readonly Frontend[]> {
    return this.#withheld;
  }

  get programmed(): Iterable<string> {
    return this.#held.keys();
  }

  /** Services that the last transaction changed. */
  get sent(): ReadonlySet<string> {
    return this.#sent;
  }

  /** A transaction was composed of all that changed. */
  markSent(): void {
    this.#sent = this.#changed;
    this.#changed = new Set();
  }

  /** Leaves a Service out until it changes or is released; does nothing if it has changed since the last transaction. */
  withhold(owner: string): void {
    if (this.#changed.has(owner)) return;
    const frontends = this.#frontendsOf(owner);
    this.put(owner, []);
    this.#withheld.set(owner, frontends);
  }

  /** @returns whether the Service was left out */
  release(owner: string): boolean {
    const frontends = this.#withheld.get(owner);
    if (frontends !== undefined) this.put(owner, frontends);
    return frontends !== undefined;
  }

  /** Writes these Services into the elements of another table, whether they are left out here or not. */
  copyTo(other: ServiceElements, owners: Iterable<string>): void {
    other.setNodeAddresses(this.#addresses);
    for (const owner of owners) other.put(owner, this.#frontendsOf(owner));
  }

  /** Replaces what the Service had; no frontends: it is gone. */
  put(owner: string, frontends: readonly Frontend[]): void {
    this.#withheld.delete(owner);
    if (frontends.some(dependsOnNode)) this.#ofNode.set(owner, frontends);
    else this.#ofNode.delete(owner);
    this.#put(owner, frontends);
  }

  setNodeAddresses(addresses: NodeAddresses): void {
    this.#addresses = addresses;
    for (const [owner, frontends] of this.#ofNode) this.#put(owner, frontends);
  }

  #frontendsOf(owner: string): readonly Frontend[] {
    return this.#withheld.get(owner) ?? this.#ofNode.get(owner) ?? this.#claimedBy(owner);
  }

  #claimedBy(owner: string): readonly Frontend[] {
    const claims = this.#held.get(owner)?.keys.flatMap((key) => this.#claims.get(key) ?? []) ?? [];
    return claims.filter((claim) => claim.owner === owner).map(({ entry }) => entry.frontend);
  }

  #put(owner: string, frontends: readonly Frontend[]): void {
    this.#changed.add(owner);
    const before = this.#held.get(owner) ?? nothing;
    const plan = new OwnerPlan(owner, this.affinity, this.sets);
    const claims = this.#claimsOf(owner, addressed(frontends, this.#addresses), plan);
    for (const key of before.keys) if (!claims.has(key)) this.#claim(owner, key, undefined);
    for (const [key, claim] of claims) this.#claim(owner, key, claim);
    for (const key of before.sets) if (!plan.sets.has(key)) this.sets.remove(key);
    for (const name of before.affinityPorts) if (!plan.affinityPorts.has(name)) this.affinity.remove(name);
    if (claims.size === 0) this.#held.delete(owner);
    else this.#held.set(owner, { keys: [...claims.keys()], sets: plan.sets, affinityPorts: plan.affinityPorts });
  }

  #claimsOf(owner: string, frontends: readonly Frontend[], plan: OwnerPlan): ReadonlyMap<string, Claim> {
    const loadBalancers = frontends.flatMap(({ kind, address }) => (kind === 'LoadBalancer' ? [address] : []));
    const claims = new Map<string, Claim>();
    for (const frontend of frontends) {
      const key = keyOfFrontend(frontend);
      const allowed = allowedSources(frontend, this.#addresses.primary, loadBalancers);
      if (!claims.has(key)) claims.set(key, { owner, entry: plan.entryOf(frontend, allowed) });
    }
    return claims;
  }

  #claim(owner: string, key: string, claim: Claim | undefined): void {
    const before = this.#claims.get(key) ?? [];
    const others = before.filter((other) => other.owner !== owner);
    const claims = claim === undefined ? others : [...others, claim].sort((a, b) => (a.owner < b.owner ? -1 : 1));
    if (claims.length === 0) this.#claims.delete(key);
    else this.#claims.set(key, claims);
    if (before[0] !== claims[0]) this.#frontends.program(key, before[0]?.entry, claims[0]?.entry);
  }
}

/** Node ports are at its addresses, and source ranges may contain one. */
function dependsOnNode({ kind, sourceRanges }: Frontend): boolean {
  return kind === 'NodePort' || sourceRanges.length > 0;
}

/** Brings the endpoint sets of one Service into the tables as its frontends name them. */
class OwnerPlan {
  readonly sets = new Set<string>();
  readonly affinityPorts = new Set<string>();
  readonly #owner: string;
  readonly #affinity: AffinityPorts;
  readonly #sets: EndpointSetElements;
  /** By Service port and policy: a set, with its number; more than one only if a controller says so. */
  readonly #numbers = new Map<string, readonly { readonly used: UsedSet; readonly number: string }[]>();

  constructor(owner: string, affinity: AffinityPorts, sets: EndpointSetElements) {
    this.#owner = owner;
    this.#affinity = affinity;
    this.#sets = sets;
  }

  entryOf(frontend: Frontend, allowed: readonly string[] | undefined): FrontendEntry {
    const affinity = this.#affinityOf(frontend);
    const numbers: Partial<Record<PolicyName, string>> = {};
    for (const used of usedSets(frontend)) numbers[used.policy] = this.#numberOf(frontend, used, affinity);
    return entryOf(frontend, numbers, affinity?.text, allowed);
  }

  #affinityOf(frontend: Frontend) {
    if (frontend.affinityTimeoutSeconds === 0) return undefined;
    const name = servicePortName(this.#owner, frontend);
    this.affinityPorts.add(name);
    return this.#affinity.put(name, frontend.affinityTimeoutSeconds);
  }

  #numberOf(frontend: Frontend, used: UsedSet, affinity: ReturnType<AffinityPorts['put']>): string {
    const name = `${servicePortName(this.#owner, frontend)} ${used.policy}${affinity === undefined ? '' : ' pinned'}`;
    const known = this.#numbers.get(name) ?? [];
    const same = known.find(({ used: { set } }) => set === used.set);
    if (same !== undefined) return same.number;
    const key = known.length === 0 ? name : `${name} ${known.length}`;
    const { protocol } = frontend;
    const { policy, set } = used;
    const number = this.#sets.put(key, { protocol, policy, endpoints: set.endpoints, affinity });
    this.sets.add(key);
    this.#numbers.set(name, [...known, { used, number }]);
    return number;
  }
}
