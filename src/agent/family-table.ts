import { BlockList } from 'node:net';
import { Transaction } from '../nftables/transaction.ts';
import { type NodeTable, type NodeTableOptions, nodeSets, nodeTable, pickChain } from './node-table.ts';
import { ServiceElements } from './service-elements.ts';

/** The wanted content of one family's table, and what of it the kernel lacks. */
export class FamilyTable {
  readonly elements: ServiceElements;
  readonly #family: 'ip' | 'ip6';
  readonly #table: NodeTable;
  readonly #chainsInKernel = new Set<number>();

  constructor(options: NodeTableOptions) {
    const family = options.family === 'ip' ? 'ipv4' : 'ipv6';
    this.#family = options.family;
    this.#table = nodeTable(options);
    const localPods = options.pods.cidrs.length === 0 ? undefined : blockListOf(options.pods.cidrs, family);
    this.elements = new ServiceElements(nodeSets(options.family), localPods, family);
  }

  get elementCount(): number {
    return this.elements.stores.reduce((sum, store) => sum + store.size, 0);
  }

  /** The table anew, whatever the kernel holds. */
  fullTransaction(): Transaction {
    const { name, sets, chains, podCidrs } = this.#table;
    const transaction = new Transaction(name).add({ kind: 'replace-table' });
    for (const set of sets) transaction.add({ kind: 'add-set', set });
    this.#chainsInKernel.clear();
    this.#addPickChains(transaction);
    for (const chain of chains) transaction.add({ kind: 'add-chain', chain });
    transaction.add({ kind: 'add-elements', ...podCidrs });
    for (const store of this.elements.stores) store.addAll(transaction);
    return this.#sent(transaction);
  }

  /** What differs from the transaction before, which must have been committed. */
  differenceTransaction(): Transaction {
    const transaction = new Transaction(this.#table.name);
    this.#addPickChains(transaction);
    for (const store of this.elements.stores) store.deleteStale(transaction);
    for (const store of this.elements.stores) store.addStale(transaction);
    return this.#sent(transaction);
  }

  #sent(transaction: Transaction): Transaction {
    for (const store of this.elements.stores) store.markSent();
    return transaction;
  }

  /** They stay until the next full transaction: kernels before 6.2 refuse to delete a chain together with the last element that leads to it. */
  #addPickChains(transaction: Transaction): void {
    for (const count of this.elements.endpointCounts) {
      if (this.#chainsInKernel.has(count)) continue;
      transaction.add({ kind: 'add-chain', chain: pickChain(this.#family, count) });
      this.#chainsInKernel.add(count);
    }
  }
}

function blockListOf(cidrs: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', length] = cidr.split('/');
    list.addSubnet(address, Number(length), family);
  }
  return list;
}
