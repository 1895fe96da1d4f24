import { describe, expect, it } from 'vitest';
import { hasDrifted, tableSignatures } from './drift-check.ts';

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

describe('tableSignatures', () => {
  const base = { family: 'ip', table: 'fairlead', handle: 4, hook: 'input' };
  const listing = {
    nftables: [
      { metainfo: {} },
      { chain: { ...base, name: 'filter-in' } },
      { chain: { ...base, name: 'divert', handle: 9 } },
      { chain: { ...base, name: 'pick-3', handle: 12, hook: undefined } },
      { chain: { ...base, table: 'kube-proxy', name: 'filter' } },
      { chain: { ...base, family: 'ip6', name: 'divert' } },
    ],
  };

  it('are of base chains, which stay, and lists no elements', async () => {
    const asked: (readonly string[])[] = [];
    const nft = {
      list: async (...args: readonly string[]) => {
        asked.push(args);
        return listing;
      },
    };
    expect(await tableSignatures(nft, ['fairlead'])).toEqual([
      'ip fairlead: divert#9 filter-in#4',
      'ip6 fairlead: divert#4',
    ]);
    expect(asked).toEqual([['list', 'chains']]);
  });
});
