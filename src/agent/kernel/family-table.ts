import { Transaction } from '../../nftables/transaction.ts';
import { cidrMatcher } from './cidr-matcher.ts';
import { type NodeTable, type NodeTableOptions, nodeTable, pickChain, slotChain, slotMap } from './node-table.ts';
import { ServiceElements } from './service-elements.ts';

/** The desired content of one family's table, and what the kernel lacks of it. */
export class FamilyTable {
  readonly elements: ServiceElements;
  readonly #family: 'ip' | 'ip6';
  readonly #table: NodeTable;
  #slotsInKernel = 0;
  readonly #picksInKernel = new Set<number>();

  constructor(options: NodeTableOptions) {
    this.#family = options.family;
    this.#table = nodeTable(options);
    this.elements = new ServiceElements(options.family, cidrMatcher(options.pods.cidrs));
  }

  get elementCount(): number {
    return this.elements.stores.reduce((sum, store) => sum + store.size, 0);
  }

  /** Replaces the whole table, whatever the kernel holds. */
  fullTransaction(): Transaction {
    const { name, sets, chains, podCidrs } = this.#table;
    const transaction = new Transaction(name).add({ kind: 'ReplaceTable' });
    for (const set of sets) transaction.add({ kind: 'AddSet', set });
    this.#slotsInKernel = 0;
    this.#picksInKernel.clear();
    this.#addSlots(transaction);
    for (const chain of chains) transaction.add({ kind: 'AddChain', chain });
    transaction.add({ kind: 'AddElements', ...podCidrs });
    for (const store of this.elements.stores) store.addAll(transaction);
    return this.#sent(transaction);
  }

  /** What differs from the previous transaction, which must have been committed. */
  differenceTransaction(): Transaction {
    const transaction = new Transaction(this.#table.name);
    this.#addSlots(transaction);
    for (const store of this.elements.stores) store.deleteStale(transaction);
    for (const store of this.elements.stores) store.addStale(transaction);
    return this.#sent(transaction);
  }

  #sent(transaction: Transaction): Transaction {
    for (const store of this.elements.stores) store.markSent();
    return transaction;
  }

  /**
   * Maps and chains stay until the next full transaction: kernels before 6.2 refuse to delete a chain together with the
   * last element that leads to it.
   */
  #addSlots(transaction: Transaction): void {
    for (; this.#slotsInKernel < this.elements.slotCount; this.#slotsInKernel += 1) {
      transaction.add({ kind: 'AddSet', set: slotMap(this.#family, this.#slotsInKernel) });
      transaction.add({ kind: 'AddChain', chain: slotChain(this.#family, this.#slotsInKernel) });
    }
    for (const count of this.elements.endpointCounts) {
      if (count === 1 || this.#picksInKernel.has(count)) continue;
      transaction.add({ kind: 'AddChain', chain: pickChain(count) });
      this.#picksInKernel.add(count);
    }
  }
}
