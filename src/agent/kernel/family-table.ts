import type { Marks } from '../../base/marks.ts';
import { ElementStore } from '../../nftables/element-store.ts';
import type { PacketFamily } from '../../nftables/rule.ts';
import { Transaction } from '../../nftables/transaction.ts';
import { affinityChains, affinityTable, rememberChain, rememberChainName } from './affinity-table.ts';
import { pickChain, pickChainName, slotChain, slotChainName } from './balance-chains.ts';
import { ChainsInUse } from './chains-in-use.ts';
import { cidrMatcher, withoutContained } from './cidr-matcher.ts';
import { affinitySets, endpointsMap, nodeSets, pinsMap } from './node-sets.ts';
import { type NodeTable, nodeTable } from './node-table.ts';
import { ServiceElements } from './service-elements.ts';
import type { NodeTableOptions } from './table-options.ts';

/** Chains that stay although nothing needs them. */
const spareChains = { picks: 16, slots: 64, timeouts: 4 };

/** The desired content of one family's tables, and what the kernel lacks of it. */
export class FamilyTable {
  readonly elements: ServiceElements;
  readonly family: PacketFamily;
  readonly #options: NodeTableOptions;
  readonly #marks: Marks;
  readonly #table: NodeTable;
  readonly #slots: ElementStore;
  readonly #pods: ElementStore;
  readonly #serviceCidrs: ElementStore;
  readonly #kernelPathPods: ElementStore;
  readonly #slotChains = new ChainsInUse(spareChains.slots);
  readonly #pickChains = new ChainsInUse(spareChains.picks);
  readonly #timeoutChains = new ChainsInUse(spareChains.timeouts);

  constructor(options: NodeTableOptions) {
    const sets = nodeSets(options.family);
    this.#options = options;
    this.family = options.family;
    this.#marks = options.marks;
    this.#table = nodeTable(options);
    this.#slots = new ElementStore(sets.slots);
    this.#pods = new ElementStore(sets.pods);
    this.setPodCidrs(options.pods.cidrs);
    this.#serviceCidrs = new ElementStore(sets.serviceCidrs);
    this.#kernelPathPods = new ElementStore(sets.kernelPathPods);
    this.elements = new ServiceElements(options.family, cidrMatcher(options.pods.cidrs));
  }

  get elementCount(): number {
    return [...this.#stores, ...this.#affinityStores].reduce((sum, store) => sum + store.size, 0);
  }

  /** Whether chains are left that a transaction of their own should delete. */
  get hasExcess(): boolean {
    return [this.#slotChains, this.#pickChains, this.#timeoutChains].some((chains) => chains.hasExcess);
  }

  /** What is asked of sources if pods are recognised by their address. */
  setPodCidrs(cidrs: readonly string[]): void {
    this.#pods.replaceKeys(new Set(withoutContained(cidrs)));
  }

  /** Addresses in them that no Service has are dropped. */
  setServiceCidrs(cidrs: readonly string[]): void {
    this.#serviceCidrs.replaceKeys(new Set(withoutContained(cidrs)));
  }

  /** Pods whose connections are never redirected to Envoy. */
  setKernelPathPods(addresses: readonly string[]): void {
    this.#kernelPathPods.replaceKeys(new Set(addresses));
  }

  /** A table of the same node with only these Services. */
  withOnly(services: Iterable<string>): FamilyTable {
    const table = new FamilyTable(this.#options);
    this.elements.copyTo(table.elements, services);
    return table;
  }

  /** Replaces everything, whatever the kernel holds, but the clients that stay with an endpoint. */
  fullTransactions(): readonly Transaction[] {
    return this.#sent([this.#fullTable(), this.#fullAffinityTable()]);
  }

  /** What differs from the previous transaction, which must have been committed. */
  differenceTransactions(): readonly Transaction[] {
    const affinity = new Transaction(affinityTable(this.family));
    this.#updateTimeoutChains(affinity);
    addDifferences(affinity, this.#affinityStores);
    const transaction = new Transaction(this.#table.name);
    this.#updateChains(transaction);
    addDifferences(transaction, this.#stores);
    return this.#sent([transaction, affinity].filter(({ isEmpty }) => !isEmpty));
  }

  get #stores() {
    return [...this.elements.stores, this.#slots, this.#pods, this.#serviceCidrs, this.#kernelPathPods];
  }

  get #affinityStores() {
    return [this.elements.affinity.ports, this.elements.affinity.timeouts];
  }

  #fullTable(): Transaction {
    const { name, sets, chains } = this.#table;
    const transaction = new Transaction(name).add({ kind: 'ReplaceTable' });
    for (const set of sets) transaction.add({ kind: 'AddSet', set });
    this.#slotChains.reset();
    this.#pickChains.reset();
    this.#updateChains(transaction);
    for (const chain of chains) transaction.add({ kind: 'AddChain', chain });
    for (const store of this.#stores) store.addAll(transaction);
    return transaction;
  }

  #fullAffinityTable(): Transaction {
    const transaction = new Transaction(affinityTable(this.family)).add({ kind: 'AddTable' });
    const sets = affinitySets(this.family);
    for (const set of Object.values(sets)) transaction.add({ kind: 'AddSet', set });
    for (const chain of affinityChains(this.family, this.#marks)) transaction.add({ kind: 'ReplaceChain', chain });
    for (const set of [sets.ports, sets.timeouts]) transaction.add({ kind: 'FlushSet', set });
    this.#timeoutChains.reset();
    this.#updateTimeoutChains(transaction);
    for (const store of this.#affinityStores) store.addAll(transaction);
    return transaction;
  }

  #sent(transactions: readonly Transaction[]): readonly Transaction[] {
    this.elements.markSent();
    for (const store of [...this.#stores, ...this.#affinityStores]) store.markSent();
    return transactions;
  }

  #updateChains(transaction: Transaction): void {
    const sizes = new Set(this.elements.sets.sizes);
    const most = Math.max(0, ...sizes);
    this.#updateSlots(transaction, new Set(Array.from({ length: most }, (_none, slot) => slot)));
    sizes.delete(1);
    const { added, deleted } = this.#pickChains.next(sizes);
    for (const count of deleted) transaction.add({ kind: 'DeleteChain', name: pickChainName(count) });
    for (const count of added) transaction.add({ kind: 'AddChain', chain: pickChain(count) });
  }

  #updateSlots(transaction: Transaction, needed: ReadonlySet<number>): void {
    const { added, deleted } = this.#slotChains.next(needed);
    for (const slot of deleted) transaction.add({ kind: 'DeleteChain', name: slotChainName(slot) });
    for (const slot of deleted) {
      for (const set of this.#mapsOf(slot)) transaction.add({ kind: 'DeleteSet', set });
    }
    if (deleted.length > 0) this.elements.sets.truncateSlots(Math.min(...deleted));
    for (const slot of added) {
      for (const set of this.#mapsOf(slot)) transaction.add({ kind: 'AddSet', set });
      transaction.add({ kind: 'AddChain', chain: slotChain(this.family, this.#marks, slot) });
    }
    const verdicts = new Map([...needed].map((slot) => [String(slot), `goto ${slotChainName(slot)}`]));
    for (const slot of [...this.#slots.keys()]) if (!verdicts.has(slot)) this.#slots.remove(slot);
    for (const [slot, verdict] of verdicts) this.#slots.put(slot, verdict);
  }

  #mapsOf(slot: number) {
    return [endpointsMap(this.family, slot), pinsMap(slot)];
  }

  #updateTimeoutChains(transaction: Transaction): void {
    const { added, deleted } = this.#timeoutChains.next(new Set(this.elements.affinity.timeoutsInUse));
    for (const seconds of deleted) transaction.add({ kind: 'DeleteChain', name: rememberChainName(seconds) });
    // An earlier agent may have left it.
    for (const seconds of added) {
      transaction.add({ kind: 'ReplaceChain', chain: rememberChain(this.family, seconds) });
    }
  }
}

function addDifferences(transaction: Transaction, stores: readonly ElementStore[]): void {
  for (const store of stores) store.deleteStale(transaction);
  for (const store of stores) store.addStale(transaction);
}
