import type { Limits } from './limits.ts';
import type { Refusal } from './refusals.ts';

/** What is counted as it happens, of all streams together. Plain data. */
export interface ServerTotals {
  readonly streams: number;
  readonly connections: number;
  /** Streams that wait for their turn to say what they know. */
  readonly waitingForAdmission: number;
  /** Requests that are being received or worked off. */
  readonly receiving: { readonly bytes: number; readonly waiting: number };
  /** Responses that clients have yet to read. */
  readonly sending: { readonly bytes: number; readonly waiting: number };
  /** Senders in the queues of the scheduler. */
  readonly queued: number;
  readonly refusals: readonly Refusal[];
  readonly limits: Pick<Limits, 'streams' | 'namesPerType'>;
}
