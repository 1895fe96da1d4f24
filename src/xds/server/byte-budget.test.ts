import { describe, expect, it } from 'vitest';
import { type BudgetHolder, ByteBudget } from './byte-budget.ts';

describe('a budget of bytes', () => {
  function holder(peer: string, granted: string[] = []): BudgetHolder {
    return { peer, granted: () => granted.push(peer) };
  }

  it('holds back whom the total has no room for, and grants in turn when something is released', () => {
    const budget = new ByteBudget({ total: 100, perPeer: 100 });
    const granted: string[] = [];
    const [a, b, c] = [holder('a', granted), holder('b', granted), holder('c', granted)] as const;
    expect([budget.reserve(a, 60), budget.reserve(b, 60), budget.reserve(c, 60)]).toEqual([true, false, false]);
    expect([budget.isWaitedFor(a), budget.isWaitedFor(b)]).toEqual([true, false]);
    budget.set(a, 30);
    expect(granted).toEqual(['b']);
    budget.release(b);
    expect([granted, budget.used, budget.waiting]).toEqual([['b', 'c'], 90, 0]);
  });

  it('lets others pass a peer that has used up its share', () => {
    const budget = new ByteBudget({ total: 100, perPeer: 40 });
    const granted: string[] = [];
    const [first, second, other] = [holder('a', granted), holder('a', granted), holder('b', granted)] as const;
    expect([budget.reserve(first, 30), budget.reserve(second, 30), budget.reserve(other, 30)]).toEqual([
      true,
      false,
      true,
    ]);
    expect([budget.isWaitedFor(first), budget.isWaitedFor(other)]).toEqual([true, false]);
    budget.release(first);
    expect([granted, budget.used]).toEqual([['a'], 60]);
  });

  it('grants what is larger than everything when nothing else is held, and forgets who leaves while waiting', () => {
    const budget = new ByteBudget({ total: 100, perPeer: 40 });
    const [large, other] = [holder('a'), holder('b')];
    expect([budget.reserve(large, 500), budget.reserve(other, 10)]).toEqual([true, false]);
    budget.release(other);
    budget.release(large);
    expect([budget.used, budget.waiting]).toEqual([0, 0]);
  });

  it('lets nobody pass what is large and waits for room of all', () => {
    const budget = new ByteBudget({ total: 100, perPeer: 100 });
    const granted: string[] = [];
    const [small, large, late] = [holder('a', granted), holder('b', granted), holder('c', granted)] as const;
    expect([budget.reserve(small, 10), budget.reserve(large, 100), budget.reserve(late, 10)]).toEqual([
      true,
      false,
      false,
    ]);
    budget.release(small);
    expect(granted).toEqual(['b']);
    budget.release(large);
    expect(granted).toEqual(['b', 'c']);
  });
});
