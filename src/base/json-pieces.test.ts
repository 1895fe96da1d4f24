import { expect, it } from 'vitest';
import { jsonPieces } from './json-pieces.ts';

it('writes what JSON.stringify writes', () => {
  const value = { a: [1, 'zwö"', null, true, []], b: { c: undefined, d: {} }, e: new Array(2_000).fill('x') };
  const pieces = [...jsonPieces(value)];
  expect(pieces.join('')).toBe(JSON.stringify(value));
  expect(pieces.length).toBeGreaterThan(1);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(8_192);
});

it('reads iterables as it goes, and asks functions in their turn', () => {
  let read = 0;
  function* many(): Generator<string> {
    for (; read < 1_000; read += 1) yield 'x'.repeat(100);
  }
  const pieces = jsonPieces({ many: many(), read: () => read });
  pieces.next();
  expect(read).toBeLessThan(100);
  const rest = [...pieces].join('');
  expect(rest).toMatch(/"read":1000}$/);
});
