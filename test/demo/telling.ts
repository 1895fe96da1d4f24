import type { Attempt } from '../testbed/load/attempt.ts';
import type { LoadReport } from '../testbed/load/report.ts';

/** Envoy speaks with the client's address but from ports that pods do not use (docs/architecture.md). */
const firstEnvoyPort = 61_000;

export function throughEnvoy(attempt: Attempt): boolean {
  return (attempt.clientPort ?? 0) >= firstEnvoyPort;
}

/** `catalog-1 20, catalog-2 21`. */
export function shares(counts: Readonly<Record<string, number>>): string {
  const told = Object.entries(counts).map(([key, count]) => `${key} ${count}`);
  return told.length === 0 ? 'none' : told.join(', ');
}

/** What went wrong, for the claim that nothing did. */
export function failuresOf({ failures, failed, total }: LoadReport): string {
  return `${failed} of ${total} failed (${shares(failures)})`;
}

/** `12 ms`, `1.2 s`. */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
