import { describe, expect, it } from 'vitest';
import { hasDrifted } from './drift-check.ts';

describe('hasDrifted', () => {
  it('notices a table that is gone before the first look', () => {
    expect(hasDrifted(undefined, ['ip#1'], 2)).toBe(true);
    expect(hasDrifted(undefined, [], 2)).toBe(true);
  });

  it('notices a table that was made again', () => {
    expect(hasDrifted(['ip#1', 'ip6#2'], ['ip#3', 'ip6#2'], 2)).toBe(true);
  });

  it('is content with what stays', () => {
    expect(hasDrifted(undefined, ['ip#1', 'ip6#2'], 2)).toBe(false);
    expect(hasDrifted(['ip#1', 'ip6#2'], ['ip#1', 'ip6#2'], 2)).toBe(false);
  });
});
