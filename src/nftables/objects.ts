import type { Rule } from './rule.ts';

/** Address family of a table. */
export type Family = 'ip' | 'ip6' | 'inet' | 'bridge';

export interface TableName {
  readonly family: Family;
  readonly name: string;
}

/** Where a base chain hangs. `priority` is a number or a name with an offset, such as `dstnat - 10`. */
export interface Hook {
  readonly type: 'filter' | 'nat' | 'route';
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
  readonly priority: string;
}

export interface Chain {
  readonly name: string;
  /** Absent: a chain that others jump to. */
  readonly hook?: Hook;
  readonly rules: readonly Rule[];
}

/** A set, or with `value` a map. Types are nft's names, joined with ` . `. */
export interface ElementSet {
  readonly name: string;
  readonly key: string;
  /** `key` is an expression whose type has no name. */
  readonly isTypeof?: true;
  readonly value?: string;
  readonly flags?: readonly string[];
  /** Joins intervals that overlap instead of refusing them. */
  readonly autoMerge?: boolean;
  /** Most elements there may be; absent: no limit. */
  readonly size?: number;
}

/** Key and value as nft writes them; `value` only in maps. */
export interface Element {
  readonly key: string;
  readonly value?: string;
}

export function elementText({ key, value }: Element): string {
  return value === undefined ? key : `${key} : ${value}`;
}

export function setText(set: ElementSet): string {
  const type = set.value === undefined ? set.key : `${set.key} : ${set.value}`;
  const flags = set.flags === undefined ? '' : ` flags ${set.flags.join(',')};`;
  const size = set.size === undefined ? '' : ` size ${set.size};`;
  const merge = set.autoMerge === true ? ' auto-merge;' : '';
  return `{ ${set.isTypeof === true ? 'typeof' : 'type'} ${type};${flags}${merge}${size} }`;
}

export function hookText({ type, hook, priority }: Hook): string {
  return `{ type ${type} hook ${hook} priority ${priority}; policy accept; }`;
}
