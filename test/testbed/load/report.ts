import type { Attempt } from './attempt.ts';

export interface Latencies {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface LoadReport {
  readonly total: number;
  readonly ok: number;
  readonly failed: number;
  /** Failures by reason: the outcome, with the HTTP status where it is that. */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers by pod; also of failures that a pod answered. */
  readonly byPod: Readonly<Record<string, number>>;
  /** Of the successful, milliseconds. */
  readonly latencyMs: Latencies;
}

export function report(attempts: readonly Attempt[]): LoadReport {
  const ok = attempts.filter((attempt) => attempt.outcome === 'ok');
  const failed = attempts.filter((attempt) => attempt.outcome !== 'ok');
  return {
    total: attempts.length,
    ok: ok.length,
    failed: failed.length,
    failures: countBy(failed.map(reasonOf)),
    byPod: countBy(attempts.flatMap((attempt) => attempt.pod ?? [])),
    latencyMs: latencies(ok.map((attempt) => attempt.endedAt - attempt.startedAt)),
  };
}

function reasonOf(attempt: Attempt): string {
  if (attempt.outcome === 'status') return `${attempt.status}${attempt.overloaded ? ' overloaded' : ''}`;
  return attempt.outcome === 'error' ? (attempt.detail ?? 'error') : attempt.outcome;
}

export function countBy(keys: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function latencies(values: readonly number[]): Latencies {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** The three parts of a load through which something was killed. */
export interface Split {
  readonly before: readonly Attempt[];
  /** Begun before the victim was gone and not over when it was killed: its own connections. */
  readonly inFlight: readonly Attempt[];
  readonly after: readonly Attempt[];
}

/** `killedAt` to `goneAt`: a process that is killed goes on accepting connections until its sockets are closed. */
export function splitAround(attempts: readonly Attempt[], killedAt: number, goneAt: number): Split {
  const before = attempts.filter((attempt) => attempt.endedAt < killedAt);
  const after = attempts.filter((attempt) => attempt.startedAt > goneAt);
  const inFlight = attempts.filter((attempt) => attempt.endedAt >= killedAt && attempt.startedAt <= goneAt);
  return { before, inFlight, after };
}
