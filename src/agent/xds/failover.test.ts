import { expect, it } from 'vitest';
import { failover } from './failover.ts';

it('tries the third controller within 2 s after the first two were cut off', () => {
  const { pingMs, pingTimeoutMs, connectTimeoutMs } = failover;
  // The ping before was answered just before the cut.
  expect(pingMs + pingTimeoutMs + connectTimeoutMs).toBeLessThanOrEqual(2_000);
});

it('leaves no controller that is busy for three quarters of a second', () => {
  expect(failover.pingTimeoutMs).toBeGreaterThan(750);
  expect(failover.connectTimeoutMs).toBeGreaterThan(750);
});
