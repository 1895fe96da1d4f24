export interface BackOff {
  /** Milliseconds after the first failure. */
  readonly baseMs: number;
  /** The longest wait, milliseconds. */
  readonly capMs: number;
}

/**
 * Time to wait after this many failures in a row (from 1): the base, doubled with each failure up to the cap, of which up to half is taken
 * off at random, so that many clients do not come back at once.
 */
export function backOffMs(failures: number, { baseMs, capMs }: BackOff, random: () => number = Math.random): number {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(Math.max(0, failures - 1), 30));
  return Math.round(full * (0.5 + random() / 2));
}
