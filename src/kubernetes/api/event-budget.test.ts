import { describe, expect, it } from 'vitest';
import { EventBudget } from './event-budget.ts';

describe('the budget of Events', () => {
  it('is 25 at once for each subject, then one in five minutes', () => {
    const budget = new EventBudget();
    const take = (subject: string, count: number, at: number) =>
      Array.from({ length: count }, () => budget.take(subject, at)).filter((isTaken) => isTaken).length;
    expect(take('a', 30, 0)).toBe(25);
    expect(take('b', 30, 0)).toBe(25);
    expect(take('a', 5, 299_999)).toBe(0);
    expect(take('a', 5, 300_000)).toBe(1);
    expect(take('a', 5, 599_999)).toBe(0);
    expect(take('a', 50, 300_000 * 100)).toBe(25);
  });
});
