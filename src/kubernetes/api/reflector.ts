import { setTimeout as wait } from 'node:timers/promises';
import { errorText } from '../../base/error-text.ts';
import { runList } from './list.ts';
import { newCounters, type ReflectorContext, type ReflectorStats } from './reflector-context.ts';
import {
  absencesToBelieve,
  initialState,
  isBelieved,
  type Listing,
  type Outcome,
  type ReflectorState,
  transition,
} from './reflector-state.ts';
import { runWatch } from './watch.ts';

/** Keeps a feed in step with one kind of object: lists, then watches, and lists again only when it must. */
export class Reflector {
  readonly #context: ReflectorContext;
  readonly #complete: () => void;

  /** `complete` is called when all that exists was passed on: after each list, and when there is no such kind. */
  constructor(context: Omit<ReflectorContext, 'counters'>, complete: () => void) {
    this.#context = { ...context, counters: newCounters() };
    this.#complete = complete;
  }

  get stats(): ReflectorStats {
    return { objects: this.#context.feed.size, ...this.#context.counters };
  }

  /** Runs until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { backOffBaseMs, backOffCapMs, absentPollMs } = this.#context.limits;
    const pacing = { baseMs: backOffBaseMs, capMs: backOffCapMs, absentPollMs };
    let state: ReflectorState = initialState;
    while (state.kind !== 'Stopped') {
      const outcome: Outcome = await this.#act(state, signal);
      const next = transition(state, outcome, pacing, Math.random());
      this.#report(outcome, state, next);
      state = next;
    }
  }

  async #act(state: ReflectorState, signal: AbortSignal): Promise<Outcome> {
    try {
      const outcome = await this.#actOn(state, signal);
      return signal.aborted ? { kind: 'Stopped' } : outcome;
    } catch (error) {
      if (signal.aborted) return { kind: 'Stopped' };
      // A listener that throws took a part of what it was told, so what it knows is uncertain.
      const reason = errorText(error);
      this.#context.logger.error({ error, resource: this.#context.kind.resource }, 'Could not pass objects on');
      if (state.kind === 'Watching') return { kind: 'Lost', reason, healthy: false };
      return { kind: 'Failed', reason, healthy: false };
    }
  }

  async #actOn(state: ReflectorState, signal: AbortSignal): Promise<Outcome> {
    switch (state.kind) {
      case 'Listing':
        return runList(this.#context, state, signal);
      case 'Watching':
        return runWatch(this.#context, state, signal);
      case 'Waiting':
        await wait(state.delayMs, undefined, { signal }).catch(() => {});
        return { kind: 'Waited' };
      case 'Stopped':
        return { kind: 'Stopped' };
    }
  }

  #report(outcome: Outcome, before: ReflectorState, after: ReflectorState): void {
    if (outcome.kind === 'Listed') this.#complete();
    if (outcome.kind === 'Absent' && before.kind === 'Listing') this.#reportAbsence(outcome.reason, before);
    if (outcome.kind !== 'Failed' && outcome.kind !== 'Lost') return;
    const { counters, logger, kind, access } = this.#context;
    counters.errors += 1;
    counters.lastError = outcome.reason;
    const fields = {
      resource: kind.resource,
      server: access.server,
      reason: outcome.reason,
      retryMs: after.kind === 'Waiting' ? after.delayMs : 0,
    };
    if (outcome.kind === 'Lost') logger.warn(fields, 'Lost track of objects; they are listed again');
    else if (outcome.healthy) logger.warn(fields, 'Watch was interrupted');
    else logger.error(fields, before.kind === 'Listing' ? 'Could not list objects' : 'Could not watch objects');
  }

  /** Logged once, however often it is looked for. */
  #reportAbsence(reason: string, before: Listing): void {
    if (!isBelieved(before)) return;
    this.#complete();
    if (before.absences >= absencesToBelieve) return;
    const { logger, kind, limits } = this.#context;
    const fields = { resource: kind.resource, apiVersion: kind.apiVersion, reason, pollMs: limits.absentPollMs };
    logger.info(fields, 'Found no objects of an optional kind; they are looked for again from time to time');
  }
}
