import { describe, expect, it } from 'vitest';
import { ChainsInUse } from './chains-in-use.ts';

describe('chains in use', () => {
  it('are deleted only after a transaction in which nothing needed them', () => {
    const chains = new ChainsInUse(0);
    expect(chains.next(new Set([2, 3]))).toEqual({ added: [2, 3], deleted: [] });
    expect(chains.next(new Set([3]))).toEqual({ added: [], deleted: [] });
    expect(chains.hasExcess).toBe(true);
    expect(chains.next(new Set([3]))).toEqual({ added: [], deleted: [2] });
    expect(chains.hasExcess).toBe(false);
  });

  it('stay when they are needed again meanwhile, or are spare', () => {
    const chains = new ChainsInUse(1);
    chains.next(new Set([2, 3]));
    chains.next(new Set());
    expect(chains.next(new Set([2]))).toEqual({ added: [], deleted: [3] });
    chains.next(new Set());
    expect(chains.hasExcess).toBe(false);
    expect(chains.next(new Set())).toEqual({ added: [], deleted: [] });
  });
});
