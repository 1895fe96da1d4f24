import ipaddr from 'ipaddr.js';
import type { Chain, ElementSet, TableName } from '../objects.ts';

/** An element that a key was found in. */
export interface FoundElement {
  /** As it stands in the set; for an interval other than the key that was looked up. */
  readonly key: string;
  /** Empty in sets. */
  readonly value: string;
}

/** Elements of a set, as much of a map as the interpreter needs. */
export interface Elements {
  get(key: string): string | undefined;
  keys(): Iterable<string>;
}

/** The content of one set or map. */
export interface SetContent {
  readonly set: ElementSet;
  readonly elements: Elements;
}

/** A table as the interpreter executes it. */
export interface TableContent {
  readonly name: TableName;
  readonly chains: ReadonlyMap<string, Chain>;
  readonly sets: ReadonlyMap<string, SetContent>;
}

/** @throws Error when a rule names what its table does not have: nft would not have taken the table */
export function setIn(table: TableContent, name: string): SetContent {
  const content = table.sets.get(name);
  if (content === undefined) throw new Error(`table ${table.name.name} has no set ${name}`);
  return content;
}

/** @throws Error when the table has no such chain */
export function chainIn(table: TableContent, name: string): Chain {
  const chain = table.chains.get(name);
  if (chain === undefined) throw new Error(`table ${table.name.name} has no chain ${name}`);
  return chain;
}

/** @param key the parts of the key as nft writes them */
export function findElement({ set, elements }: SetContent, key: readonly string[]): FoundElement | undefined {
  const text = key.join(' . ');
  const value = elements.get(text);
  if (value !== undefined) return { key: text, value };
  if (set.flags?.includes('interval') !== true) return undefined;
  // Sets of intervals are small: pod ranges, source ranges, ServiceCIDRs.
  for (const candidate of elements.keys()) {
    if (covers(candidate.split(' . '), key)) return { key: candidate, value: elements.get(candidate) ?? '' };
  }
  return undefined;
}

function covers(intervals: readonly string[], key: readonly string[]): boolean {
  return intervals.length === key.length && intervals.every((interval, index) => contains(interval, key[index] ?? ''));
}

function contains(interval: string, value: string): boolean {
  if (interval === value) return true;
  if (!interval.includes('/')) return false;
  const range = ipaddr.parseCIDR(interval);
  const address = ipaddr.parse(value);
  return address.kind() === range[0].kind() && address.match(range);
}
