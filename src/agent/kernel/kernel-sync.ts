import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { backOffMs } from '../../base/back-off.ts';
import { errorText } from '../../base/error-text.ts';
import { NftError } from '../../nftables/nft-error.ts';
import type { NftRunner } from '../../nftables/runner.ts';
import type { Transaction } from '../../nftables/transaction.ts';
import type { FamilyTable } from './family-table.ts';
import { type RefusalEvents, RefusedServices } from './refused-services.ts';

/**
 * `Idle`: nothing may be programmed yet; what an earlier agent left keeps working. `Unknown`: the kernel's content is
 * not known (at the start, after an error), so the next transaction replaces the tables. `Following`: the kernel holds
 * what the last transaction said.
 */
export type SyncState =
  | { readonly kind: 'Idle' }
  | { readonly kind: 'Unknown'; readonly failures: number; readonly reason: string | undefined }
  | { readonly kind: 'Following' };

export interface SyncEvents extends RefusalEvents {
  readonly synced?: (sync: { readonly full: boolean; readonly elements: number; readonly durationMs: number }) => void;
  readonly failed?: (reason: string) => void;
}

const retryBackOff = { baseMs: 200, capMs: 30_000 };

/**
 * Brings the tables into the kernel, one transaction at a time; what changes while one runs goes into the next. Any
 * error makes the next one replace everything, without the Services that are at fault.
 */
export class KernelSync {
  readonly #tables: readonly FamilyTable[];
  readonly #nft: NftRunner;
  readonly #logger: Logger;
  readonly #events: SyncEvents;
  readonly #refused: RefusedServices;
  readonly #stopped = new AbortController();
  #state: SyncState = { kind: 'Idle' };
  #requested = false;
  #running: Promise<void> | undefined;

  constructor(tables: readonly FamilyTable[], nft: NftRunner, logger: Logger, events: SyncEvents = {}) {
    this.#tables = tables;
    this.#nft = nft;
    this.#logger = logger;
    this.#events = events;
    this.#refused = new RefusedServices(tables, nft, {
      refused: (refused) => {
        logger.error({ ...refused }, 'Left out a Service that the kernel refused');
        events.refused?.(refused);
      },
      accepted: (accepted) => {
        logger.info({ ...accepted }, 'Took back a Service that the kernel had refused');
        events.accepted?.(accepted);
      },
    });
  }

  /** Services that the kernel refused, counted in each family. */
  get refusedCount(): number {
    return this.#refused.count;
  }

  /** Programs Services that were refused, if it is time to try again and the kernel accepts them by now. */
  async retryRefused(now = performance.now()): Promise<void> {
    if (this.#state.kind === 'Following' && (await this.#refused.retry(now))) await this.flush();
  }

  get state(): SyncState {
    return this.#state;
  }

  /** Allows programming; the first transaction replaces what an earlier agent left. */
  start(): void {
    if (this.#state.kind === 'Idle') this.#state = { kind: 'Unknown', failures: 0, reason: undefined };
  }

  /** Another program changed the kernel's tables: replaces them. */
  invalidate(reason: string): void {
    if (this.#state.kind !== 'Following') return;
    this.#state = { kind: 'Unknown', failures: 0, reason };
  }

  /** Resolves once everything that the tables hold now is in the kernel; at once while idle, and when stopped. */
  flush(): Promise<void> {
    if (this.#state.kind === 'Idle' || this.#stopped.signal.aborted) return Promise.resolve();
    this.#requested = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Lets a running transaction finish and starts no more. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    // Ends in the same step in which it finds nothing more to do, so that no caller waits for a run that is over.
    try {
      while (this.#requested && !this.#stopped.signal.aborted) {
        this.#requested = false;
        await this.#once();
      }
    } finally {
      this.#running = undefined;
    }
  }

  async #once(): Promise<void> {
    const before = this.#state;
    const full = before.kind !== 'Following';
    const transactions = this.#tables.flatMap((table) => {
      return full ? table.fullTransactions() : table.differenceTransactions();
    });
    const elements = transactions.reduce((sum, transaction) => sum + transaction.elementCount, 0);
    if (transactions.every((transaction) => transaction.isEmpty)) return;
    const start = performance.now();
    try {
      await this.#nft.run(textOf(transactions));
      // Not if it was invalidated meanwhile.
      if (this.#state === before) this.#state = { kind: 'Following' };
      this.#events.synced?.({ full, elements, durationMs: performance.now() - start });
      if (full) this.#logger.info({ elements }, 'Programmed the whole table');
      if (this.#tables.some((table) => table.hasExcess)) this.#requested = true;
    } catch (error) {
      await this.#fail(error, full);
    }
  }

  async #fail(error: unknown, full: boolean): Promise<void> {
    const failures = this.#state.kind === 'Unknown' ? this.#state.failures + 1 : 1;
    const reason = errorText(error);
    this.#state = { kind: 'Unknown', failures, reason };
    this.#requested = true;
    this.#events.failed?.(reason);
    if (await this.#excluded(error, full)) return;
    const retryMs = backOffMs(failures, retryBackOff);
    const line = error instanceof NftError ? error.line : undefined;
    this.#logger.error({ reason, line, retryMs }, 'Could not program the kernel');
    await delay(retryMs, undefined, { signal: this.#stopped.signal }).catch(() => {});
  }

  /** Of a difference only what it changed can be at fault, or the kernel holds something else than was thought. */
  async #excluded(error: unknown, full: boolean): Promise<boolean> {
    if (!(error instanceof NftError) || this.#stopped.signal.aborted) return false;
    try {
      return await this.#refused.exclude(full);
    } catch (cause) {
      this.#logger.error({ reason: errorText(cause) }, 'Could not look for the Service at fault');
      return false;
    }
  }
}

export function textOf(transactions: readonly Transaction[]): string {
  return transactions.map((transaction) => transaction.toText()).join('');
}
