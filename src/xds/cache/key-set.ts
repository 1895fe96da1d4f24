import type { KeySet } from '../../resources/key-set.ts';

/** The keys of the set that are known, without a walk over the known ones where the set can be listed. */
export function among(keys: KeySet, known: Iterable<string>): Iterable<string> {
  return keys instanceof Set ? (keys as ReadonlySet<string>) : [...known].filter((key) => keys.has(key));
}
