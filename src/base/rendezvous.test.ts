import { describe, expect, it } from 'vitest';
import { preferenceOf } from './rendezvous.ts';

const nodes = Array.from({ length: 5_000 }, (_, index) => `node-${index}.example.org`);

/** By candidate, how many of the nodes prefer it at this place of their order. */
function counts(candidates: readonly string[], place: (order: readonly string[]) => string | undefined) {
  const found = new Map(candidates.map((candidate) => [candidate, 0]));
  for (const node of nodes) {
    const at = place(preferenceOf(node, candidates)) ?? '';
    if (found.has(at)) found.set(at, (found.get(at) ?? 0) + 1);
  }
  return [...found.values()];
}

describe('the order in which nodes prefer controllers', () => {
  it.each([2, 3, 5])('spreads 5,000 nodes over %i within 20 %%', (count) => {
    const candidates = Array.from({ length: count }, (_, index) => `10.0.0.${index + 1}:18000`);
    const share = nodes.length / count;
    for (const found of counts(candidates, ([first]) => first)) {
      expect(Math.abs(found - share) / share).toBeLessThan(0.2);
    }
  });

  it('spreads the nodes of one that is lost over the others, and moves no other node', () => {
    const candidates = ['10.0.0.1:18000', '10.0.0.2:18000', '10.0.0.3:18000'];
    const [lost = '', ...left] = candidates;
    for (const node of nodes) {
      expect(preferenceOf(node, left)).toEqual(preferenceOf(node, candidates).filter((each) => each !== lost));
    }
    const share = nodes.length / 6;
    for (const found of counts(candidates, ([first, second]) => (first === lost ? second : undefined)).slice(1)) {
      expect(Math.abs(found - share) / share).toBeLessThan(0.2);
    }
  });

  it('does not depend on the order in which the candidates are given', () => {
    expect(preferenceOf('n', ['c', 'a', 'b'])).toEqual(preferenceOf('n', ['b', 'c', 'a']));
  });
});
