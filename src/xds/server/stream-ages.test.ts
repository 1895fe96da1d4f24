import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StreamAges } from './stream-ages.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Streams that note when they were ended. */
function streams(count: number): { readonly endedAt: number[]; readonly all: { close(): void }[] } {
  const endedAt: number[] = [];
  const all = Array.from({ length: count }, () => ({ close: () => void endedAt.push(Date.now()) }));
  return { endedAt, all };
}

describe('streams of a limited age', () => {
  it('end at that age, those that came together not together', () => {
    const ages = new StreamAges(600_000);
    const { endedAt, all } = streams(1_000);
    const start = Date.now();
    for (const stream of all) ages.add(stream);
    vi.advanceTimersByTime(449_000);
    expect(endedAt).toEqual([]);
    vi.advanceTimersByTime(302_000);
    expect(endedAt).toHaveLength(1_000);
    const perMinute = Map.groupBy(endedAt, (time) => Math.floor((time - start) / 60_000));
    for (const [, ended] of perMinute) expect(ended.length).toBeLessThan(300);
  });

  it('are let alone when they have ended by themselves, and without a limit', () => {
    const { endedAt, all } = streams(2);
    const ages = new StreamAges(1_000);
    for (const stream of all) ages.add(stream);
    for (const stream of all) ages.delete(stream);
    for (const stream of all) new StreamAges(0).add(stream);
    vi.runAllTimers();
    expect(endedAt).toEqual([]);
  });
});
