import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotMap } from './slot-map.ts';

describe('a map of slots', () => {
  it.each([
    ['close together', 40],
    ['far apart', 100_000],
  ])('does as a Map does, with ids %s', (_how, max) => {
    const change = fc.tuple(fc.nat({ max }), fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff_ffff })));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300 }), (changes) => {
        const map = new SlotMap();
        const model = new Map<number, number>();
        for (const [id, word] of changes) {
          map.set(id, word);
          if (word === 0) model.delete(id);
          else model.set(id, word);
          expect(map.get(id)).toBe(word);
        }
        const entries: [number, number][] = [];
        map.forEach((id, word) => {
          entries.push([id, word]);
        });
        expect(new Map(entries)).toEqual(model);
        expect([entries.length, map.size]).toEqual([model.size, model.size]);
      }),
    );
  });

  it('knows nothing of ids that were never set', () => {
    const map = new SlotMap();
    expect(map.get(7)).toBe(0);
    map.set(1_000_000, 1);
    expect([map.get(7), map.get(1_000_000)]).toEqual([0, 1]);
  });
});
