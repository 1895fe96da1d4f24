import type { KeySet } from '../../resources/resource-entry.ts';

/** The keys of the set that are known, without a walk over the known ones where the set can be listed. */
export function among(keys: KeySet, known: Iterable<string>): Iterable<string> {
  return keys instanceof Set ? (keys as ReadonlySet<string>) : [...known].filter((key) => keys.has(key));
}

/** Undefined: all keys. */
export function union(one: KeySet | undefined, other: KeySet | undefined): KeySet | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (one instanceof Set && other instanceof Set) return new Set<string>([...one, ...other]);
  return { has: (key) => one.has(key) || other.has(key) };
}
