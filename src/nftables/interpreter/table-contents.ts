import type { Chain, ElementSet } from '../objects.ts';
import type { Operation, Transaction } from '../transaction.ts';
import type { SetContent, TableContent } from './content.ts';

interface MutableTable extends TableContent {
  readonly chains: Map<string, Chain>;
  readonly sets: Map<string, SetContent & { readonly elements: Map<string, string> }>;
}

/**
 * The tables that a kernel holds after these transactions, if it held none of theirs before: so the interpreter executes what is
 * programmed, and no second description of it.
 * @throws Error when a transaction names what is not there: nft would not have taken it
 */
export function contentsOf(transactions: readonly Transaction[]): readonly TableContent[] {
  const tables = new Map<string, MutableTable>();
  for (const { table, operations } of transactions) {
    const id = `${table.family} ${table.name}`;
    for (const operation of operations) {
      const next = changed(tables.get(id), operation) ?? { name: table, chains: new Map(), sets: new Map() };
      if (next === 'Deleted') tables.delete(id);
      else tables.set(id, next);
    }
  }
  return [...tables.values()];
}

/** Undefined: the table is new and empty. */
function changed(table: MutableTable | undefined, operation: Operation): MutableTable | 'Deleted' | undefined {
  if (operation.kind === 'DeleteTable') return 'Deleted';
  if (operation.kind === 'ReplaceTable') return undefined;
  if (operation.kind === 'AddTable') return table;
  if (table === undefined) throw new Error(`${operation.kind} is for a table that is not there`);
  execute(table, operation);
  return table;
}

type Content = Exclude<Operation, { readonly kind: 'DeleteTable' | 'ReplaceTable' | 'AddTable' }>;

function execute({ chains, sets }: MutableTable, operation: Content): void {
  switch (operation.kind) {
    case 'AddChain':
      chains.set(operation.chain.name, added(chains.get(operation.chain.name), operation.chain));
      break;
    case 'ReplaceChain':
      chains.set(operation.chain.name, operation.chain);
      break;
    case 'DeleteChain':
      chains.delete(operation.name);
      break;
    case 'AddSet':
      sets.set(operation.set.name, sets.get(operation.set.name) ?? emptySet(operation.set));
      break;
    case 'DeleteSet':
      sets.delete(operation.set.name);
      break;
    default:
      executeOnElements(elementsIn(sets, operation.set.name), operation);
  }
}

/** `add` appends the rules to those of a chain that is there. */
function added(before: Chain | undefined, chain: Chain): Chain {
  return before === undefined ? chain : { ...before, rules: [...before.rules, ...chain.rules] };
}

function emptySet(set: ElementSet): SetContent & { readonly elements: Map<string, string> } {
  return { set, elements: new Map() };
}

function elementsIn(sets: MutableTable['sets'], name: string): Map<string, string> {
  const content = sets.get(name);
  if (content === undefined) throw new Error(`there is no set ${name}`);
  return content.elements;
}

type OfElements = Extract<Content, { readonly kind: 'FlushSet' | 'AddElements' | 'DeleteElements' }>;

function executeOnElements(elements: Map<string, string>, operation: OfElements): void {
  switch (operation.kind) {
    case 'FlushSet':
      elements.clear();
      break;
    case 'AddElements':
      for (const { key, value = '' } of operation.elements) elements.set(key, value);
      break;
    case 'DeleteElements':
      for (const key of operation.keys) elements.delete(key);
  }
}
