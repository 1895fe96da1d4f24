import { expect, it } from 'vitest';
import { failover, PingPatience } from './failover.ts';

it('tries the third controller within 2 s after the first two were cut off', () => {
  const { pingMs, pingTimeoutMs, connectTimeoutMs } = failover;
  // The ping before was answered just before the cut.
  expect(pingMs + pingTimeoutMs + connectTimeoutMs).toBeLessThanOrEqual(2_000);
});

it('leaves no controller that is busy for three quarters of a second', () => {
  expect(failover.pingTimeoutMs).toBeGreaterThan(750);
  expect(failover.connectTimeoutMs).toBeGreaterThan(750);
});

it('waits longer the more controllers were lost in the last minute, and up to 10 s', () => {
  const patience = new PingPatience();
  const afterEach = [0, 1_000, 2_000, 3_000, 4_000].map((now) => {
    patience.lost(now);
    return patience.timeoutMs(now);
  });
  expect(afterEach).toEqual([1_600, 3_200, 6_400, 10_000, 10_000]);
  expect(patience.timeoutMs(62_500)).toBe(3_200);
  expect(patience.timeoutMs(64_000)).toBe(failover.pingTimeoutMs);
});
