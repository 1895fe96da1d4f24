const baseMs = 500;
const capMs = 5_000;

/**
 * Time to wait after so many failures in a row: 500 ms doubled each time, 5 s at most, of which up to half is taken off
 * at random. The 30 s that are usual would leave a node on old endpoints for as long after its controller is back.
 */
export function backOffMs(failures: number, random: () => number = Math.random): number {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(failures, 16));
  return Math.round(full * (1 - random() / 2));
}
