import type { ManifestContent } from './manifest-content.ts';

/** What is known of one file. The stamp `gone` means that there is no file. */
export type FileState =
  | { readonly kind: 'Settled'; readonly stamp: string }
  /** It differs from what was taken from it, and is watched until it stays the same. */
  | {
      readonly kind: 'Unsettled';
      readonly taken: string;
      readonly stamp: string;
      /** When it was first seen to differ, and when this stamp was. */
      readonly since: number;
      readonly stampSince: number;
      /** Read, but doubted: taken only if it stays. */
      readonly content: ManifestContent | undefined;
    };

export const gone = 'gone';

/** Times in milliseconds. */
export interface Settling {
  /** How long a file must stay the same before it is read: an editor may be writing it. */
  readonly settleMs: number;
  /** The same for a file that cannot be parsed, lost objects or went away: it may be half written, or be replaced. */
  readonly doubtMs: number;
  /** The same for a file that became empty: `kubectl get -o yaml > file` empties it first, and writes after the answer. */
  readonly emptyMs: number;
  /** A file that changes all the time is read after this time anyway. */
  readonly patienceMs: number;
}

export const defaultSettling: Settling = { settleMs: 20, doubtMs: 250, emptyMs: 2000, patienceMs: 5000 };

export const unknownFile: FileState = { kind: 'Settled', stamp: gone };

/** The file was looked at. */
export function observed(state: FileState, stamp: string, now: number): FileState {
  const taken = state.kind === 'Settled' ? state.stamp : state.taken;
  if (stamp === taken) return { kind: 'Settled', stamp };
  if (state.kind === 'Settled') {
    return { kind: 'Unsettled', taken, stamp, since: now, stampSince: now, content: undefined };
  }
  return state.stamp === stamp ? state : { ...state, stamp, stampSince: now, content: undefined };
}

/** Its content was read and is not taken yet. */
export function doubted(state: FileState, content: ManifestContent): FileState {
  return state.kind === 'Unsettled' ? { ...state, content } : state;
}

export interface Moment {
  readonly now: number;
  /** How long ago it was last written to, by the file system's own account. */
  readonly age: number;
}

/** How long it must still stay the same until `requiredMs` have passed; 0 is now. */
export function remaining(state: FileState, requiredMs: number, patienceMs: number, { now, age }: Moment): number {
  if (state.kind === 'Settled' || now - state.since >= Math.max(patienceMs, requiredMs)) return 0;
  return Math.max(0, requiredMs - Math.max(now - state.stampSince, age));
}
