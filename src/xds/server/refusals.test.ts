import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Refusals } from './refusals.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('logs a limit that thousands of clients reach again and again once a minute, and counts all', () => {
  const logged: unknown[] = [];
  const refusals = new Refusals(pino({}, { write: (line) => void logged.push(JSON.parse(line)) }));
  for (let second = 0; second < 90; second += 1) {
    for (let client = 0; client < 100; client += 1)
      refusals.add('streamsPerPeer', `10.0.0.1:${client}`, undefined, 'why');
    vi.advanceTimersByTime(1_000);
  }
  refusals.add('connectionsPerPeer', '10.0.0.1:1', undefined, 'why');
  expect(logged).toMatchObject([
    { limit: 'streamsPerPeer', count: 1, peer: '10.0.0.1:0', reason: 'why' },
    { limit: 'streamsPerPeer', count: 6_001 },
    { limit: 'connectionsPerPeer', count: 1 },
  ]);
  expect(refusals.all()).toMatchObject([{ count: 9_000 }, { count: 1 }]);
});
