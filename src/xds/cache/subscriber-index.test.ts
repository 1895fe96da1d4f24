import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SubscriberIndex } from './subscriber-index.ts';

const id = fc.oneof(fc.nat(5), fc.nat(2_000));
const index = fc.oneof(fc.nat(5), fc.nat(200));

it('knows what Sets know', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(id, index, fc.boolean()), { maxLength: 300 }), (changes) => {
      const subscribers = new SubscriberIndex();
      const model = new Map<number, Set<number>>();
      for (const [id, index, isAdded] of changes) {
        const held = model.get(id) ?? new Set();
        model.set(id, held);
        if (isAdded) held.add(index);
        else held.delete(index);
        if (isAdded) subscribers.add(id, index);
        else subscribers.delete(id, index);
        expect(subscribers.has(id, index)).toBe(isAdded);
      }
      for (const [id, held] of model) {
        const members: number[] = [];
        subscribers.forEach(id, (index) => {
          members.push(index);
        });
        expect(members).toEqual([...held].sort((one, other) => one - other));
        expect(subscribers.isHeld(id)).toBe(held.size > 0);
      }
    }),
  );
});
