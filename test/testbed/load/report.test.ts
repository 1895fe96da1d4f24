import { expect, it } from 'vitest';
import type { Attempt } from './attempt.ts';
import { report, splitAround } from './report.ts';

function attempt(startedAt: number, endedAt: number, more: Partial<Attempt> = {}): Attempt {
  return { startedAt, endedAt, outcome: 'ok', reusedConnection: false, ...more };
}

it('counts by pod and by reason', () => {
  const attempts = [
    attempt(0, 1, { pod: 'a' }),
    attempt(0, 3, { pod: 'b' }),
    attempt(0, 9, { pod: 'b', outcome: 'status', status: 503 }),
    attempt(0, 9, { outcome: 'status', status: 503, overloaded: true }),
    attempt(0, 9, { outcome: 'refused' }),
    attempt(0, 9, { outcome: 'error', detail: 'EADDRNOTAVAIL' }),
  ];
  expect(report(attempts)).toEqual({
    total: 6,
    ok: 2,
    failed: 4,
    failures: { '503': 1, '503 overloaded': 1, EADDRNOTAVAIL: 1, refused: 1 },
    byPod: { a: 1, b: 2 },
    latencyMs: { p50: 3, p90: 3, p99: 3, max: 3 },
  });
});

it('has zeros for nothing', () => {
  expect(report([]).latencyMs).toEqual({ p50: 0, p90: 0, p99: 0, max: 0 });
});

it('tells what was in flight from what began when the victim was gone', () => {
  const before = attempt(0, 9);
  const across = attempt(5, 20);
  const begunWhileDying = attempt(11, 13);
  const after = attempt(13, 14);
  expect(splitAround([before, across, begunWhileDying, after], 10, 12)).toEqual({
    before: [before],
    inFlight: [across, begunWhileDying],
    after: [after],
  });
});
