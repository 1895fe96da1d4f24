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
  | { readonly kind: 'AddChain'; readonly chain: Chain }
  | { readonly kind: 'AddSet'; readonly set: ElementSet }
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
    case 'AddChain':
      return chainText(table, operation.chain);
    case 'AddSet': {
      const kind = operation.set.value === undefined ? 'set' : 'map';
      return `add ${kind} ${table} ${operation.set.name} ${setText(operation.set)}`;
    }
    case 'AddElements':
      return elementCommands(`add element ${table} ${operation.set.name}`, operation.elements.map(elementText));
    case 'DeleteElements':
      return elementCommands(`delete element ${table} ${operation.set.name}`, operation.keys);
  }
}

function chainText(table: string, { name, hook, rules }: Chain): string {
  const head = `add chain ${table} ${name}${hook === undefined ? '' : ` ${hookText(hook)}`}`;
  return [head, ...rules.map((rule) => `add rule ${table} ${name} ${ruleText(rule)}`)].join('\n');
}

function elementCommands(command: string, texts: readonly string[]): string {
  const lines: string[] = [];
  for (let start = 0; start < texts.length; start += elementsPerCommand) {
    lines.push(`${command} { ${texts.slice(start, start + elementsPerCommand).join(', ')} }`);
  }
  return lines.join('\n');
}
