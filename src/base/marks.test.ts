import { describe, expect, it } from 'vitest';
import { defaultMarkMask, marksIn } from './marks.ts';

describe('the marks of a mask', () => {
  it('are its three values', () => {
    expect(marksIn(defaultMarkMask)).toMatchObject({ redirect: 0x1000, upstream: 0x2000, masquerade: 0x3000 });
    expect(marksIn(3)).toMatchObject({ redirect: 1, upstream: 2, masquerade: 3 });
  });

  it.each([0, 1, 7, 0x5000, 0xfff, -3, 0x1_8000_0000])('are none for %d', (mask) => {
    expect(marksIn(mask)).toBeUndefined();
  });
});
