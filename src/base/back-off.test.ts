import { describe, expect, it } from 'vitest';
import { backOffMs } from './back-off.ts';

const backOff = { baseMs: 500, capMs: 5_000 };

describe('backOffMs', () => {
  it('doubles with each failure up to the cap', () => {
    expect([1, 2, 3, 4, 5, 100, 1_000_000].map((failures) => backOffMs(failures, backOff, () => 1))).toEqual([
      500, 1000, 2000, 4000, 5000, 5000, 5000,
    ]);
  });

  it('takes up to half off at random', () => expect(backOffMs(100, backOff, () => 0)).toBe(2500));
});
