import { hash } from 'node:crypto';

/**
 * The candidates in the order in which this node prefers them (highest random weight hashing): nodes spread evenly over
 * them, and those of a candidate that is lost spread evenly over the others. The order is the same in every program that
 * asks, and does not depend on that of the candidates.
 */
export function preferenceOf(nodeName: string, candidates: readonly string[]): readonly string[] {
  const weighed = candidates.map((candidate) => ({ candidate, weight: hash('sha256', `${nodeName}\0${candidate}`) }));
  return weighed.sort((one, other) => (one.weight < other.weight ? 1 : -1)).map(({ candidate }) => candidate);
}
