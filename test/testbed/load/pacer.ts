/** How attempts are spread; see LoadOptions. */
export interface Pace {
  readonly rate: number;
  readonly concurrency: number;
  readonly count: number;
}

const tickMs = 5;

/** Begins attempts at a rate, bounded in number and at one time, until the signal; then waits for those under way. */
export async function paced(pace: Pace, attempt: () => Promise<void>, until: AbortSignal): Promise<void> {
  const began = performance.now();
  const underWay = new Set<Promise<void>>();
  let started = 0;
  const due = () => (pace.rate === 0 ? Infinity : Math.floor(((performance.now() - began) / 1000) * pace.rate) + 1);
  const left = () => pace.count === 0 || started < pace.count;
  while (!until.aborted && left()) {
    while (underWay.size < pace.concurrency && started < due() && left()) {
      started += 1;
      const one: Promise<void> = attempt().finally(() => underWay.delete(one));
      underWay.add(one);
    }
    await nextTurn(pace, underWay);
  }
  await Promise.all(underWay);
}

function nextTurn(pace: Pace, underWay: ReadonlySet<Promise<void>>): Promise<void> {
  if (pace.rate === 0) return Promise.race(underWay);
  return new Promise((resolve) => setTimeout(resolve, tickMs));
}
