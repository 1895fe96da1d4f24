/** What a reflector does now. `failures` counts what went wrong since a watch was last seen healthy. */
export type ReflectorState =
  | Listing
  | Watching
  | {
      readonly kind: 'waiting';
      readonly failures: number;
      readonly delayMs: number;
      readonly resume: Listing | Watching;
    }
  | { readonly kind: 'stopped' };

export interface Listing {
  readonly kind: 'listing';
  /** False after the continue token of a paged list expired: the next list asks for all at once, as client-go's pager does. */
  readonly paged: boolean;
  readonly failures: number;
}

export interface Watching {
  readonly kind: 'watching';
  readonly resourceVersion: string;
  readonly failures: number;
}

/** How what a state asked for came out. */
export type Outcome =
  | { readonly kind: 'listed'; readonly resourceVersion: string }
  /** The continue token of a paged list is too old (410). */
  | { readonly kind: 'page-expired' }
  /** The server ended the watch as agreed. `healthy`: it told something, or was open for a while. */
  | { readonly kind: 'ended'; readonly resourceVersion: string; readonly healthy: boolean }
  /** What was seen cannot be continued from (410, a line that cannot be read, a version that went back): list anew. */
  | { readonly kind: 'lost'; readonly reason: string; readonly healthy: boolean }
  /** Try the same again later; `resourceVersion` is where a watch had got to. */
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly healthy: boolean;
      readonly resourceVersion?: string;
      readonly retryAfterMs?: number | undefined;
    }
  | { readonly kind: 'waited' }
  | { readonly kind: 'stopped' };

export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

export const initialState: ReflectorState = { kind: 'listing', paged: true, failures: 0 };

/** Longest wait that a server's Retry-After is followed for. */
const longestRetryAfterMs = 60_000;

/**
 * The one transition function of a reflector. `random` is in [0, 1) and spreads the waits of many clients.
 * Outcomes that a state cannot have leave it as it is.
 */
export function transition(state: ReflectorState, outcome: Outcome, backoff: Backoff, random: number): ReflectorState {
  if (outcome.kind === 'stopped') return { kind: 'stopped' };
  switch (state.kind) {
    case 'listing':
      return afterList(state, outcome, backoff, random);
    case 'watching':
      return afterWatch(state, outcome, backoff, random);
    case 'waiting':
      return outcome.kind === 'waited' ? state.resume : state;
    case 'stopped':
      return state;
  }
}

function afterList(state: Listing, outcome: Outcome, backoff: Backoff, random: number): ReflectorState {
  switch (outcome.kind) {
    case 'listed':
      // Failures are kept: a server that lists but refuses every watch must not be listed in a tight loop.
      return { kind: 'watching', resourceVersion: outcome.resourceVersion, failures: state.failures };
    case 'page-expired':
      return { kind: 'listing', paged: false, failures: state.failures };
    case 'failed': {
      const failures = state.failures + 1;
      return waiting({ ...state, failures }, outcome.retryAfterMs, backoff, random);
    }
    default:
      return state;
  }
}

function afterWatch(state: Watching, outcome: Outcome, backoff: Backoff, random: number): ReflectorState {
  switch (outcome.kind) {
    case 'ended': {
      const { resourceVersion } = outcome;
      if (outcome.healthy) return { kind: 'watching', resourceVersion, failures: 0 };
      return waiting({ kind: 'watching', resourceVersion, failures: state.failures + 1 }, undefined, backoff, random);
    }
    case 'lost': {
      const failures = outcome.healthy ? 1 : state.failures + 1;
      const listing: Listing = { kind: 'listing', paged: true, failures };
      return failures === 1 ? listing : waiting(listing, undefined, backoff, random);
    }
    case 'failed': {
      const failures = outcome.healthy ? 1 : state.failures + 1;
      const resourceVersion = outcome.resourceVersion ?? state.resourceVersion;
      return waiting({ kind: 'watching', resourceVersion, failures }, outcome.retryAfterMs, backoff, random);
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
  return { kind: 'waiting', failures: resume.failures, delayMs, resume };
}

/** Doubles from the base up to the cap; then between half and all of it. */
export function backoffMs(failures: number, backoff: Backoff, random: number): number {
  const full = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.max(0, failures - 1));
  return Math.round(full * (0.5 + random / 2));
}
