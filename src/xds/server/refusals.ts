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

export class Refusals {
  readonly #byLimit = new Map<LimitName, Refusal>();

  add(limit: LimitName, peer: string, node: string | undefined, reason: string): void {
    const count = (this.#byLimit.get(limit)?.count ?? 0) + 1;
    this.#byLimit.set(limit, { limit, count, last: { at: Date.now(), peer, node, reason } });
  }

  all(): readonly Refusal[] {
    return [...this.#byLimit.values()];
  }
}
