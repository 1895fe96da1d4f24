import { type BackOff, backOffMs } from '../../base/back-off.ts';
/** What a reflector is doing. `failures` counts what went wrong since a watch was last healthy. */
export type ReflectorState =
  | Listing
  | Watching
  | {
      readonly kind: 'Waiting';
      readonly failures: number;
      readonly delayMs: number;
      readonly resume: Listing | Watching;
    }
  | { readonly kind: 'Stopped' };

export interface Listing {
  readonly kind: 'Listing';
  /** False after the continue token of a paged list expired: the next list asks for all at once, as client-go's pager does. */
  readonly paged: boolean;
  readonly failures: number;
  /** How often in a row the cluster did not have the kind, or refused to let it be read. */
  readonly absences: number;
}

export interface Watching {
  readonly kind: 'Watching';
  readonly resourceVersion: string;
  readonly failures: number;
  /** How often in a row the server answered with a failure (5xx). */
  readonly refusals: number;
}

/** The outcome of what a state asked for. */
export type Outcome =
  | { readonly kind: 'Listed'; readonly resourceVersion: string }
  /** The continue token of a paged list is too old (410). */
  | { readonly kind: 'PageExpired' }
  /** Of an optional kind: there is none, or it may not be read. */
  | { readonly kind: 'Absent'; readonly reason: string }
  /** The server ended the watch as agreed. `healthy`: it told something, or was open for a while. */
  | { readonly kind: 'Ended'; readonly resourceVersion: string; readonly healthy: boolean }
  /** What was seen cannot be continued from (410, a line that cannot be read, a version that went back): list again. */
  | { readonly kind: 'Lost'; readonly reason: string; readonly healthy: boolean }
  /** Try the same again later; `resourceVersion` is where a watch had got to. */
  | {
      readonly kind: 'Failed';
      readonly reason: string;
      readonly healthy: boolean;
      readonly resourceVersion?: string;
      /** The server was reached and said that it failed. */
      readonly refused?: boolean;
      readonly retryAfterMs?: number | undefined;
    }
  | { readonly kind: 'Waited' }
  | { readonly kind: 'Stopped' };

/** How a reflector spreads its tries. */
export interface Pacing extends BackOff {
  /** Between looks for a kind that the cluster does not have. */
  readonly absentPollMs: number;
}

const firstListing: Listing = { kind: 'Listing', paged: true, failures: 0, absences: 0 };

export const initialState: ReflectorState = firstListing;

/**
 * An API server that starts may not know its custom resources for a moment (kubernetes#115241): only after so many answers
 * in a row is the kind treated as absent.
 */
export const absencesToBelieve = 2;

/** After this many watches in a row that the server failed to begin or to continue, everything is listed. */
const refusalsToList = 3;

/** Whether to believe a list that says that the kind is absent. */
export function isBelieved({ absences }: Listing): boolean {
  return absences + 1 >= absencesToBelieve;
}

/** Longest wait that a server's Retry-After is followed for. */
const longestRetryAfterMs = 60_000;

/**
 * The one transition function of a reflector. `random` is in [0, 1) and spreads the waits of many clients.
 * Outcomes that a state cannot have leave it as it is.
 */
export function transition(state: ReflectorState, outcome: Outcome, pacing: Pacing, random: number): ReflectorState {
  if (outcome.kind === 'Stopped') return { kind: 'Stopped' };
  switch (state.kind) {
    case 'Listing':
      return afterList(state, outcome, pacing, random);
    case 'Watching':
      return afterWatch(state, outcome, pacing, random);
    case 'Waiting':
      return outcome.kind === 'Waited' ? state.resume : state;
    case 'Stopped':
      return state;
  }
}

function afterList(state: Listing, outcome: Outcome, pacing: Pacing, random: number): ReflectorState {
  switch (outcome.kind) {
    case 'Listed':
      // Failures are kept: a server that lists but refuses every watch must not be listed in a tight loop.
      return watching(outcome.resourceVersion, state.failures);
    case 'PageExpired':
      return { ...state, paged: false };
    case 'Absent':
      return afterAbsence(state, pacing, random);
    case 'Failed':
      return waiting({ ...state, failures: state.failures + 1 }, outcome.retryAfterMs, pacing, random);
    default:
      return state;
  }
}

function afterAbsence(state: Listing, pacing: Pacing, random: number): ReflectorState {
  const resume: Listing = { ...firstListing, absences: state.absences + 1 };
  if (!isBelieved(state)) return { kind: 'Waiting', failures: 0, delayMs: backOffMs(1, pacing, () => random), resume };
  return { kind: 'Waiting', failures: 0, delayMs: Math.round(pacing.absentPollMs * (0.5 + random / 2)), resume };
}

function watching(resourceVersion: string, failures: number, refusals = 0): Watching {
  return { kind: 'Watching', resourceVersion, failures, refusals };
}

function afterWatch(state: Watching, outcome: Outcome, pacing: Pacing, random: number): ReflectorState {
  switch (outcome.kind) {
    case 'Ended': {
      const { resourceVersion } = outcome;
      if (outcome.healthy) return watching(resourceVersion, 0);
      return waiting(watching(resourceVersion, state.failures + 1), undefined, pacing, random);
    }
    case 'Lost': {
      const failures = outcome.healthy ? 1 : state.failures + 1;
      const listing: Listing = { ...firstListing, failures };
      return failures === 1 ? listing : waiting(listing, undefined, pacing, random);
    }
    case 'Failed': {
      const failures = outcome.healthy ? 1 : state.failures + 1;
      return waiting(afterFailedWatch(state, outcome, failures), outcome.retryAfterMs, pacing, random);
    }
    default:
      return state;
  }
}

/**
 * A server that cannot be reached is asked for the rest once it can. One that answers and fails each time may never be able
 * to continue from this version (its watch cache does not fill, say), but able to list.
 */
function afterFailedWatch(
  state: Watching,
  outcome: Extract<Outcome, { readonly kind: 'Failed' }>,
  failures: number,
): Listing | Watching {
  const before = outcome.healthy ? 0 : state.refusals;
  const refusals = outcome.refused === true ? before + 1 : before;
  if (refusals >= refusalsToList) return { ...firstListing, failures };
  return watching(outcome.resourceVersion ?? state.resourceVersion, failures, refusals);
}

function waiting(
  resume: Listing | Watching,
  retryAfterMs: number | undefined,
  backOff: BackOff,
  random: number,
): ReflectorState {
  const asked = Math.min(retryAfterMs ?? 0, longestRetryAfterMs);
  const delayMs = Math.max(
    asked,
    backOffMs(resume.failures, backOff, () => random),
  );
  return { kind: 'Waiting', failures: resume.failures, delayMs, resume };
}
