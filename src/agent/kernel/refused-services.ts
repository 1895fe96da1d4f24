import { NftError } from '../../nftables/nft-error.ts';
import type { NftRunner } from '../../nftables/runner.ts';
import type { FamilyTable } from './family-table.ts';

/** A Service that is left out of one family's table. */
export interface RefusedService {
  readonly service: string;
  readonly family: 'ip' | 'ip6';
  readonly reason: string;
  /** The line that nft named. */
  readonly line: string | undefined;
}

export interface RefusalEvents {
  readonly refused?: (refused: RefusedService) => void;
  /** It is in the table again. */
  readonly accepted?: (refused: Pick<RefusedService, 'service' | 'family'>) => void;
}

const firstRetryMs = 30_000;
const lastRetryMs = 600_000;

/**
 * Finds the Services because of which the kernel refuses a transaction, and leaves them out of the tables, so that all others are
 * programmed. They come back when they change (the table forgets that they were withheld), or once a later check accepts them.
 */
export class RefusedServices {
  readonly #tables: readonly FamilyTable[];
  readonly #nft: NftRunner;
  readonly #events: RefusalEvents;
  #retryAt = Number.POSITIVE_INFINITY;
  #retryMs = firstRetryMs;

  constructor(tables: readonly FamilyTable[], nft: NftRunner, events: RefusalEvents) {
    this.#tables = tables;
    this.#nft = nft;
    this.#events = events;
  }

  get count(): number {
    return this.#tables.reduce((sum, { elements }) => sum + elements.withheld.size, 0);
  }

  /**
   * Withholds the Services at fault: looks among those of the failed transaction, and with `everywhere` among all if none of them is.
   * @returns whether there are any; otherwise the cause is something else
   */
  async exclude(everywhere: boolean): Promise<boolean> {
    let found = 0;
    for (const table of this.#tables) found += await this.#excludeFrom(table, table.elements.sent);
    if (found > 0 || !everywhere) return found > 0;
    for (const table of this.#tables) found += await this.#excludeFrom(table, table.elements.programmed);
    return found > 0;
  }

  /**
   * Puts those back that are accepted by now, if it is time to try.
   * @returns whether there are any
   */
  async retry(now: number): Promise<boolean> {
    if (this.count === 0 || now < this.#retryAt) return false;
    this.#scheduleRetry(now, Math.min(2 * this.#retryMs, lastRetryMs));
    let released = 0;
    for (const table of this.#tables) {
      for (const service of [...table.elements.withheld.keys()]) {
        if ((await this.#refusalOf(table, [service])) !== undefined) continue;
        // It may have changed meanwhile.
        if (!table.elements.release(service)) continue;
        this.#events.accepted?.({ service, family: table.family });
        released += 1;
      }
    }
    return released > 0;
  }

  async #excludeFrom(table: FamilyTable, services: Iterable<string>): Promise<number> {
    const culprits = await this.#culprits(table, [...services]);
    for (const { service, error } of culprits) {
      table.elements.withhold(service);
      this.#events.refused?.({ service, family: table.family, reason: error.reason, line: error.line });
    }
    if (culprits.length > 0) this.#scheduleRetry(performance.now(), firstRetryMs);
    return culprits.length;
  }

  #scheduleRetry(now: number, inMs: number): void {
    this.#retryMs = inMs;
    this.#retryAt = now + inMs;
  }

  /** Halves what is refused until single Services are left. */
  async #culprits(
    table: FamilyTable,
    services: readonly string[],
  ): Promise<readonly { readonly service: string; readonly error: NftError }[]> {
    const [service] = services;
    if (service === undefined) return [];
    const error = await this.#refusalOf(table, services);
    if (error === undefined) return [];
    if (services.length === 1) {
      // If the kernel refuses an empty table as well, no Service is at fault.
      return (await this.#refusalOf(table, [])) === undefined ? [{ service, error }] : [];
    }
    const half = services.length >> 1;
    const first = await this.#culprits(table, services.slice(0, half));
    return [...first, ...(await this.#culprits(table, services.slice(half)))];
  }

  /** Why a table with only these Services is refused; undefined: it is not. */
  async #refusalOf(table: FamilyTable, services: readonly string[]): Promise<NftError | undefined> {
    const probe = table.withOnly(services);
    const text = probe
      .fullTransactions()
      .map((transaction) => transaction.toText())
      .join('');
    try {
      await this.#nft.check(text);
      return undefined;
    } catch (error) {
      if (error instanceof NftError) return error;
      throw error;
    }
  }
}
