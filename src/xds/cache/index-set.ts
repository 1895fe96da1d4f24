import { BitSet } from './bit-set.ts';

/** A set of small non-negative integers. Most have no member or one, and need no object. */
export type IndexSet = undefined | number | BitSet;

export function addIndex(set: IndexSet, index: number): IndexSet {
  if (set === undefined || set === index) return index;
  const bits = typeof set === 'number' ? new BitSet() : set;
  if (typeof set === 'number') bits.add(set);
  bits.add(index);
  return bits;
}

export function deleteIndex(set: IndexSet, index: number): IndexSet {
  if (!(set instanceof BitSet)) return set === index ? undefined : set;
  set.delete(index);
  return set.size === 0 ? undefined : set;
}

export function hasIndex(set: IndexSet, index: number): boolean {
  return set instanceof BitSet ? set.has(index) : set === index;
}

export function forEachIndex(set: IndexSet, visit: (index: number) => void): void {
  if (set instanceof BitSet) set.forEach(visit);
  else if (set !== undefined) visit(set);
}
