import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyBut } from './upgrades.ts';

describe('anyBut', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '1'), minLength: 1, maxLength: 5 });

  it('matches every text but the words', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { minLength: 1, maxLength: 4 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '1', 'x'), maxLength: 6 }),
        (words, text) => {
          const expressions = anyBut(words).map((one) => new RegExp(`^(?:${one})$`));
          const matches = (one: string) => expressions.some((expression) => expression.test(one));
          expect(matches(text)).toBe(!words.includes(text));
          for (const one of words) expect(matches(one)).toBe(false);
        },
      ),
    );
  });
});
