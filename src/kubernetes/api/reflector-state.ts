/** What a reflector does now. `failures` counts what went wrong since a watch was last seen healthy. */
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
}

export interface Watching {
  readonly kind: 'Watching';
  readonly resourceVersion: string;
  readonly failures: number;
}

/** How what a state asked for came out. */
export type Outcome =
  | { readonly kind: 'Listed'; readonly resourceVersion: string }
  /** The continue token of a paged list is too old (410). */
  | { readonly kind: 'PageExpired' }
  /** The server ended the watch as agreed. `healthy`: it told something, or was open for a while. */
  | { readonly kind: 'Ended'; readonly resourceVersion: string; readonly healthy: boolean }
  /** What was seen cannot be continued from (410, a line that cannot be read, a version that went back): list anew. */
  | { readonly kind: 'Lost'; readonly reason: string; readonly healthy: boolean }
  /** Try the same again later; `resourceVersion` is where a watch had got to. */
  | {
      readonly kind: 'Failed';
      readonly reason: string;
      readonly healthy: boolean;
      readonly resourceVersion?: string;
      readonly retryAfterMs?: number | undefined;
    }
  | { readonly kind: 'Waited' }
  | { readonly kind: 'Stopped' };

export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

export const initialState: ReflectorState = { kind: 'Listing', paged: true, failures: 0 };

/** Longest wait that a server's Retry-After is followed for. */
const longestRetryAfterMs = 60_000;

/**
 * The one transition function of a reflector. `random` is in [0, 1) and spreads the waits of many clients.
 * Outcomes that a state cannot have leave it as it is.
 */
export function transition(state: ReflectorState, outcome: Outcome, backoff: Backoff, random: number): ReflectorState {
  if (outcome.kind === 'Stopped') return { kind: 'Stopped' };
  switch (state.kind) {
    case 'Listing':
      return afterList(state, outcome, backoff, random);
    case 'Watching':
      return afterWatch(state, outcome, backoff, random);
    case 'Waiting':
      return outcome.kind === 'Waited' ? state.resume : state;
    case 'Stopped':
      return state;
  }
}

function afterList(state: Listing, outcome: Outcome, backoff: Backoff, random: number): ReflectorState {
  switch (outcome.kind) {
    case 'Listed':
      // Failures are kept: a server that lists but refuses every watch must not be listed in a tight loop.
      return { kind: 'Watching', resourceVersion: outcome.resourceVersion, failures: state.failures };
    case 'PageExpired':
      return { kind: 'Listing', paged: false, failures: state.failures };
    case 'Failed': {
      const failures = state.failures + 1;
      return waiting({ ...state, failures }, outcome.retryAfterMs, backoff, random);
    }
    default:
      return state;
  }
}

function afterWatch(state: Watching, outcome: Outcome, backoff: Backoff, random: number): ReflectorState {
  switch (outcome.kind) {
    case 'Ended': {
      const { resourceVersion } = outcome;
      if (outcome.healthy) return { kind: 'Watching', resourceVersion, failures: 0 };
      return waiting({ kind: 'Watching', resourceVersion, failures: state.failures + 1 }, undefined, backoff, random);
    }
    case 'Lost': {
      const failures = outcome.healthy ? 1 : state.failures + 1;
      const listing: Listing = { kind: 'Listing', paged: true, failures };
      return failures === 1 ? listing : waiting(listing, undefined, backoff, random);
    }
    case 'Failed': {
      const failures = outcome.healthy ? 1 : state.failures + 1;
      const resourceVersion = outcome.resourceVersion ?? state.resourceVersion;
      return waiting({ kind: 'Watching', resourceVersion, failures }, outcome.retryAfterMs, backoff, random);
    }
    default:
      return state;
  }
}

function waiting(
  resume: Listing | Watching,
  retryAfterMs: number | undefined,
  backoff: Backoff,
  random: number,
): ReflectorState {
  const asked = Math.min(retryAfterMs ?? 0, longestRetryAfterMs);
  const delayMs = Math.max(asked, backoffMs(resume.failures, backoff, random));
  return { kind: 'Waiting', failures: resume.failures, delayMs, resume };
}

/** Doubles from the base up to the cap; then between half and all of it. */
export function backoffMs(failures: number, backoff: Backoff, random: number): number {
  const full = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.max(0, failures - 1));
  return Math.round(full * (0.5 + random / 2));
}
