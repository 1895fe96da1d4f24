const baseMs = 500;
const capMs = 30_000;

/** Time to wait after so many failures in a row: 500 ms doubled each time and up to half more at random, 30 s at most. */
export function backOffMs(failures: number, random: () => number = Math.random): number {
  const full = baseMs * 2 ** Math.min(failures, 16) * (1 + random() / 2);
  return Math.round(Math.min(capMs, full));
}
