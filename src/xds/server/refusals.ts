import type { Logger } from 'pino';
import type { LimitName } from './limits.ts';

/** How often a limit was reached, and the last message about it. Plain data. */
export interface Refusal {
  readonly limit: LimitName;
  readonly count: number;
  readonly last: {
    readonly at: number;
    readonly peer: string;
    readonly node: string | undefined;
    readonly reason: string;
  };
}

/** Clients that are refused come again every few seconds, each of them. */
const tellEveryMs = 60_000;

export class Refusals {
  readonly #logger: Logger;
  readonly #byLimit = new Map<LimitName, Refusal>();
  /** `performance.now()` when a limit was last logged. */
  readonly #toldAt = new Map<LimitName, number>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(limit: LimitName, peer: string, node: string | undefined, reason: string): void {
    const count = (this.#byLimit.get(limit)?.count ?? 0) + 1;
    this.#byLimit.set(limit, { limit, count, last: { at: Date.now(), peer, node, reason } });
    this.#tell(limit, { limit, count, peer, node, reason });
  }

  all(): readonly Refusal[] {
    return [...this.#byLimit.values()];
  }

  #tell(limit: LimitName, details: object): void {
    const now = performance.now();
    if (now - (this.#toldAt.get(limit) ?? Number.NEGATIVE_INFINITY) < tellEveryMs) return;
    this.#toldAt.set(limit, now);
    this.#logger.warn(details, 'Refused a client because of a limit; further refusals are logged once a minute');
  }
}
