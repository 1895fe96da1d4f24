import { describe, expect, it } from 'vitest';
import { backOffMs } from './back-off.ts';

describe('backOffMs', () => {
  it('doubles up to 5 s and takes up to half off at random', () => {
    expect([0, 1, 2, 3, 4, 100].map((failures) => backOffMs(failures, () => 0))).toEqual([
      500, 1000, 2000, 4000, 5000, 5000,
    ]);
    expect(backOffMs(100, () => 1)).toBe(2500);
  });
});
