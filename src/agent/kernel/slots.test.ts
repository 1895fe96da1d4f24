import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignSlots } from './slots.ts';

const endpoints = fc.uniqueArray(fc.integer({ min: 0, max: 20 }).map(String));

describe('slots', () => {
  it('hold exactly the endpoints, and move no more of them than they must', () => {
    fc.assert(
      fc.property(endpoints, endpoints, (before, after) => {
        const slots = assignSlots(before, after);
        expect([...slots].sort()).toEqual([...after].sort());
        before.slice(0, after.length).forEach((endpoint, slot) => {
          if (after.includes(endpoint)) expect(slots[slot]).toBe(endpoint);
        });
      }),
    );
  });

  it('fill the hole of a removed endpoint with the last one', () => {
    expect(assignSlots(['a', 'b', 'c', 'd'], ['a', 'c', 'd'])).toEqual(['a', 'd', 'c']);
  });
});
