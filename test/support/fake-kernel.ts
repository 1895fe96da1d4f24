import type { Operation, Transaction } from '../../src/nftables/transaction.ts';

interface FakeTable {
  readonly chains: Set<string>;
  readonly sets: Map<string, Map<string, string>>;
}

/**
 * Executes transactions in memory, all or nothing, with the kernel's errors: for unit tests, where element for element
 * is compared.
 */
export class FakeKernel {
  #tables = new Map<string, FakeTable>();

  /** @throws as nft would, and then nothing has changed */
  run(transactions: Transaction | readonly Transaction[]): void {
    const tables = structuredClone(this.#tables);
    for (const transaction of [transactions].flat()) {
      const { family, name } = transaction.table;
      for (const operation of transaction.operations) execute(tables, `${family} ${name}`, operation);
    }
    this.#tables = tables;
  }

  /** Elements by set; sets without elements are left out. */
  elements(table: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
    const sets = this.#tables.get(table)?.sets ?? new Map<string, Map<string, string>>();
    return new Map([...sets].filter(([, elements]) => elements.size > 0));
  }

  chains(table: string): ReadonlySet<string> {
    return this.#tables.get(table)?.chains ?? new Set();
  }
}

function execute(tables: Map<string, FakeTable>, name: string, operation: Operation): void {
  if (operation.kind === 'ReplaceTable') return void tables.set(name, { chains: new Set(), sets: new Map() });
  if (operation.kind === 'DeleteTable') return void tables.delete(name);
  if (operation.kind === 'AddTable') {
    return void tables.set(name, tables.get(name) ?? { chains: new Set(), sets: new Map() });
  }
  const table = tables.get(name);
  if (table === undefined) throw new Error(`No such file or directory: table ${name}`);
  switch (operation.kind) {
    case 'AddChain':
    case 'ReplaceChain':
      return void table.chains.add(operation.chain.name);
    case 'DeleteChain':
      return void deleteChain(table, operation.name);
    case 'DeleteSet':
      return void table.sets.delete(operation.set.name);
    case 'FlushSet':
      return void table.sets.get(operation.set.name)?.clear();
    case 'AddSet':
      return void table.sets.set(operation.set.name, table.sets.get(operation.set.name) ?? new Map());
    case 'AddElements':
      for (const { key, value = '' } of operation.elements) addElement(table, operation.set.name, key, value);
      return;
    case 'DeleteElements':
      for (const key of operation.keys) {
        if (table.sets.get(operation.set.name)?.delete(key) !== true) throw new Error(`No such file: element ${key}`);
      }
  }
}

function deleteChain(table: FakeTable, name: string): void {
  const verdicts = [`goto ${name}`, `jump ${name}`];
  const isUsed = [...table.sets.values()].some((set) => [...set.values()].some((value) => verdicts.includes(value)));
  if (isUsed) throw new Error(`Device or resource busy: chain ${name}`);
  if (!table.chains.delete(name)) throw new Error(`No such file or directory: chain ${name}`);
}

/** A verdict's chain must be there; an element cannot be given another value. */
function addElement(table: FakeTable, set: string, key: string, value: string): void {
  const elements = table.sets.get(set);
  if (elements === undefined) throw new Error(`No such file or directory: set ${set}`);
  const chain = /^(?:goto|jump) (.+)$/.exec(value)?.[1];
  if (chain !== undefined && !table.chains.has(chain)) throw new Error(`No such file or directory: chain ${chain}`);
  const before = elements.get(key);
  if (before !== undefined && before !== value) throw new Error(`File exists: element ${key}`);
  elements.set(key, value);
}
