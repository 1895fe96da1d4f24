import type { Protocol } from '../../model/service.ts';
import { ElementStore } from '../../nftables/element-store.ts';
import type { PacketFamily } from '../../nftables/rule.ts';
import { classidText } from '../../nftables/rule-text.ts';
import type { EndpointAddress } from '../xds/service-view.ts';
import type { AffinityPort } from './affinity-ports.ts';
import { type PolicyName, pickChainName } from './balance-chains.ts';
import { endpointsMap, type NodeSets, pinsMap } from './node-sets.ts';
import { ReferenceCounts } from './reference-counts.ts';
import { SlotStores } from './slot-stores.ts';
import { assignSlots } from './slots.ts';

/** The endpoints that new connections of one Service port may use, under one traffic policy. */
export interface SetSpec {
  readonly protocol: Protocol;
  readonly policy: PolicyName;
  /** At least one. */
  readonly endpoints: readonly EndpointAddress[];
  /** Of the Service port, if its clients stay with an endpoint. */
  readonly affinity: AffinityPort | undefined;
}

interface KernelSet {
  readonly spec: SetSpec;
  readonly number: number;
  /** Endpoints as nft writes them. */
  readonly slots: readonly string[];
}

/**
 * Endpoint sets have numbers, and all frontends that use a set refer to its number; so an endpoint that changes costs the same
 * however many addresses its Service has.
 */
export class EndpointSetElements {
  readonly #counts: ElementStore;
  readonly #pinned: ElementStore;
  readonly #live: Readonly<Record<PolicyName, ElementStore>>;
  readonly #hairpin: ElementStore;
  readonly #endpoints: SlotStores;
  readonly #pins: SlotStores;
  readonly #mayHairpin: (address: string) => boolean;
  readonly #sets = new Map<string, KernelSet>();
  readonly #sizes = new ReferenceCounts<number>();
  readonly #pinnedCounts = new ReferenceCounts<string>();
  readonly #hairpinCounts = new ReferenceCounts<string>();
  readonly #freeNumbers: number[] = [];
  #nextNumber = 1;

  /** @param mayHairpin whether an address may be that of a pod of this node */
  constructor(family: PacketFamily, sets: NodeSets, mayHairpin: (address: string) => boolean) {
    this.#counts = new ElementStore(sets.counts);
    this.#pinned = new ElementStore(sets.pinned);
    this.#live = { cluster: new ElementStore(sets.liveCluster), local: new ElementStore(sets.liveLocal) };
    this.#hairpin = new ElementStore(sets.hairpin);
    this.#endpoints = new SlotStores((slot) => endpointsMap(family, slot));
    this.#pins = new SlotStores(pinsMap);
    this.#mayHairpin = mayHairpin;
  }

  get stores(): readonly ElementStore[] {
    const { cluster, local } = this.#live;
    const slots = [...this.#endpoints.stores, ...this.#pins.stores];
    return [this.#counts, ...slots, this.#pinned, cluster, local, this.#hairpin];
  }

  /** Numbers of endpoints that sets have; each needs its chain. */
  get sizes(): Iterable<number> {
    return this.#sizes.keys();
  }

  /** The set's number, as nft writes it. */
  put(key: string, spec: SetSpec): string {
    const before = this.#sets.get(key);
    const number = before?.number ?? this.#freeNumbers.pop() ?? this.#nextNumber++;
    const texts = new Set(spec.endpoints.map(({ address, port }) => `${address} . ${port}`));
    const set = { spec, number, slots: assignSlots(before?.slots ?? [], [...texts]) };
    this.#program(before, set);
    this.#sets.set(key, set);
    return classidText(number);
  }

  remove(key: string): void {
    const before = this.#sets.get(key);
    if (before === undefined) return;
    this.#program(before, undefined);
    this.#sets.delete(key);
    this.#freeNumbers.push(before.number);
  }

  /** Forgets the maps of slots from this one on. */
  truncateSlots(count: number): void {
    this.#endpoints.truncate(count);
    this.#pins.truncate(count);
  }

  #program(before: KernelSet | undefined, after: KernelSet | undefined): void {
    const set = after ?? before;
    if (set === undefined) return;
    this.#programSlots(set, before?.slots ?? [], after?.slots ?? []);
    const size = after?.slots.length ?? 0;
    if (size > 0) this.#sizes.add(size);
    if (before !== undefined) this.#sizes.release(before.slots.length);
    if (size > 0) this.#counts.put(classidText(set.number), `goto ${pickChainName(size)}`);
    else this.#counts.remove(classidText(set.number));
    for (const endpoint of after?.slots ?? []) this.#add(set.spec, endpoint);
    for (const endpoint of before?.slots ?? []) this.#release(set.spec, endpoint);
  }

  #programSlots({ spec, number }: KernelSet, before: readonly string[], slots: readonly string[]): void {
    const { affinity } = spec;
    if (affinity === undefined) {
      this.#endpoints.put(`${classidText(number)} . ${protocolText(spec)}`, before, slots);
    } else {
      const numbersOf = (endpoints: readonly string[]) => endpoints.flatMap((one) => affinity.numberOf(one) ?? []);
      this.#pins.put(classidText(number), before, numbersOf(slots));
    }
  }

  #add(spec: SetSpec, endpoint: string): void {
    const address = addressOf(endpoint);
    if (this.#mayHairpin(address) && this.#hairpinCounts.add(address)) this.#hairpin.put(`${address} . ${address}`);
    const pin = spec.affinity?.numberOf(endpoint);
    if (pin === undefined) return;
    const key = `${pin} . ${protocolText(spec)}`;
    if (this.#pinnedCounts.add(key)) this.#pinned.put(key, endpoint);
    this.#live[spec.policy].put(pin);
    this.#pinnedCounts.add(`${spec.policy} ${pin}`);
  }

  #release(spec: SetSpec, endpoint: string): void {
    const address = addressOf(endpoint);
    if (this.#mayHairpin(address) && this.#hairpinCounts.release(address))
      this.#hairpin.remove(`${address} . ${address}`);
    const pin = spec.affinity?.numberOf(endpoint);
    if (pin === undefined) return;
    const key = `${pin} . ${protocolText(spec)}`;
    if (this.#pinnedCounts.release(`${spec.policy} ${pin}`)) this.#live[spec.policy].remove(pin);
    if (!this.#pinnedCounts.release(key)) return;
    this.#pinned.remove(key);
    spec.affinity?.release(endpoint);
  }
}

function protocolText({ protocol }: SetSpec): string {
  return protocol.toLowerCase();
}

function addressOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.indexOf(' '));
}
