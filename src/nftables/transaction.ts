import {
  type Chain,
  type Element,
  type ElementSet,
  elementText,
  hookText,
  setText,
  type TableName,
} from './objects.ts';
import { ruleText } from './rule-text.ts';

/** One step of a transaction, on the transaction's table. */
export type Operation =
  /** The table is deleted with everything in it, if there is one, and created empty. */
  | { readonly kind: 'ReplaceTable' }
  | { readonly kind: 'DeleteTable' }
  /** The table is created unless it is there. */
  | { readonly kind: 'AddTable' }
  | { readonly kind: 'AddChain'; readonly chain: Chain }
  /** The chain is created unless it is there, and has these rules instead of those that it had. */
  | { readonly kind: 'ReplaceChain'; readonly chain: Chain }
  | { readonly kind: 'DeleteChain'; readonly name: string }
  /** The set is created unless it is there. */
  | { readonly kind: 'AddSet'; readonly set: ElementSet }
  | { readonly kind: 'DeleteSet'; readonly set: ElementSet }
  | { readonly kind: 'FlushSet'; readonly set: ElementSet }
  | { readonly kind: 'AddElements'; readonly set: ElementSet; readonly elements: readonly Element[] }
  | { readonly kind: 'DeleteElements'; readonly set: ElementSet; readonly keys: readonly string[] };

/**
 * Elements in one command. Fewer make nft's parser slower (one per command: 2 times the whole load of 100,000), more
 * make the line that an error quotes longer.
 */
const elementsPerCommand = 100;

/** Changes of one table, applied completely or not at all; printed as nft text for `nft -f -`. */
export class Transaction {
  readonly table: TableName;
  readonly #operations: Operation[] = [];

  constructor(table: TableName) {
    this.table = table;
  }

  get operations(): readonly Operation[] {
    return this.#operations;
  }

  get isEmpty(): boolean {
    return this.#operations.length === 0;
  }

  /** How many elements are added or deleted. */
  get elementCount(): number {
    return this.#operations.reduce((sum, operation) => sum + elementsIn(operation), 0);
  }

  add(operation: Operation): this {
    if (operation.kind === 'AddElements' && operation.elements.length === 0) return this;
    if (operation.kind === 'DeleteElements' && operation.keys.length === 0) return this;
    this.#operations.push(operation);
    return this;
  }

  /** One command a line, so that a line number in nft's error names the command. */
  toText(): string {
    const table = `${this.table.family} ${this.table.name}`;
    return this.#operations.map((operation) => `${operationText(table, operation)}\n`).join('');
  }
}

function elementsIn(operation: Operation): number {
  if (operation.kind === 'AddElements') return operation.elements.length;
  return operation.kind === 'DeleteElements' ? operation.keys.length : 0;
}

function operationText(table: string, operation: Operation): string {
  switch (operation.kind) {
    case 'ReplaceTable':
      // `add` first: `delete` of what is not there is an error, and `destroy` came only with nft 1.0.7 and kernel 6.3.
      return `add table ${table}\ndelete table ${table}\nadd table ${table}`;
    case 'DeleteTable':
      return `add table ${table}\ndelete table ${table}`;
    case 'AddTable':
      return `add table ${table}`;
    case 'AddSet':
      return `add ${setCommand(table, operation.set)} ${setText(operation.set)}`;
    case 'DeleteSet':
      return `delete ${setCommand(table, operation.set)}`;
    case 'FlushSet':
      return `flush ${setCommand(table, operation.set)}`;
    case 'AddChain':
    case 'ReplaceChain':
    case 'DeleteChain':
      return chainOperationText(table, operation);
    case 'AddElements':
      return elementCommands(`add element ${table} ${operation.set.name}`, operation.elements.map(elementText));
    case 'DeleteElements':
      return elementCommands(`delete element ${table} ${operation.set.name}`, operation.keys);
  }
}

function setCommand(table: string, { name, value }: ElementSet): string {
  return `${value === undefined ? 'set' : 'map'} ${table} ${name}`;
}

function chainOperationText(
  table: string,
  operation: Extract<Operation, { kind: 'AddChain' | 'ReplaceChain' | 'DeleteChain' }>,
): string {
  if (operation.kind === 'DeleteChain') return `delete chain ${table} ${operation.name}`;
  const { chain } = operation;
  if (operation.kind === 'AddChain') return chainText(table, chain);
  return [
    chainText(table, { ...chain, rules: [] }),
    `flush chain ${table} ${chain.name}`,
    ...ruleTexts(table, chain),
  ].join('\n');
}

function chainText(table: string, chain: Chain): string {
  const { name, hook } = chain;
  const head = `add chain ${table} ${name}${hook === undefined ? '' : ` ${hookText(hook)}`}`;
  return [head, ...ruleTexts(table, chain)].join('\n');
}

function ruleTexts(table: string, { name, rules }: Chain): readonly string[] {
  return rules.map((rule) => `add rule ${table} ${name} ${ruleText(rule)}`);
}

function elementCommands(command: string, texts: readonly string[]): string {
  const lines: string[] = [];
  for (let start = 0; start < texts.length; start += elementsPerCommand) {
    lines.push(`${command} { ${texts.slice(start, start + elementsPerCommand).join(', ')} }`);
  }
  return lines.join('\n');
}
