import type { ChangeLog } from '../cache/change-log.ts';
import { Batch } from './batch.ts';
import type { SubscriptionState } from './subscription-state.ts';

/** What lies between two places of the log, as one response carries it. */
export interface Page {
  /** Sequence behind which it begins. */
  readonly from: number;
  /** Sequence of the last entry in it. */
  readonly end: number;
  /** Where the response was split. */
  readonly maxBytes: number;
  readonly batch: Batch;
}

interface Pages {
  /** Of the log; after a change of that they do not hold any more. */
  readonly revision: number;
  readonly pages: readonly Page[];
}

/** 1,000 streams that begin together are at one place, and a little later at the next. */
const keptPages = 8;

const pagesOfLog = new WeakMap<ChangeLog, Pages>();

function pagesOf(log: ChangeLog): readonly Page[] {
  const kept = pagesOfLog.get(log);
  return kept?.revision === log.revision ? kept.pages : [];
}

/**
 * What was put together for another stream at the same place of the log: 1,000 agents that are notified of a change, or that start
 * together, take the same pages. Undefined where this stream keeps something else in mind.
 */
export function takePage({ store, states, demand, search }: SubscriptionState, maxBytes: number): Batch | undefined {
  const { cursor } = demand;
  if (cursor === undefined || states.dirty.length > 0 || !search.isClear) return undefined;
  const page = pagesOf(store.log).find(({ from, maxBytes: size }) => from === cursor.sent && size === maxBytes);
  if (page === undefined || (states.size > 0 && !page.batch.slots.every(({ id }) => states.word(id) === 0))) {
    return undefined;
  }
  cursor.moveTo(page.end);
  return new Batch(store.typeUrl, page.batch);
}

/** Keeps what was put together for a stream, for others; it must hold every entry of the log between its ends. */
export function keepPage({ store: { log } }: SubscriptionState, page: Page): void {
  page.batch.isPage = true;
  pagesOfLog.set(log, { revision: log.revision, pages: [page, ...pagesOf(log).slice(0, keptPages - 1)] });
}
