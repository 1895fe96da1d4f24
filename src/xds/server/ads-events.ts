import type { NodeIdentity } from '../streams/node-identity.ts';
import type { LimitName } from './limits.ts';

/** Delta, state of the world, or our own discovery for nodes, as the client chose by the RPC it called. */
export type Variant = 'delta' | 'sotw' | 'node';

/** The stream that an event is about. */
export interface StreamRef {
  /** Unique in this process; never reused. */
  readonly id: number;
  readonly variant: Variant;
  /** Address and port of the client, or the socket's path. */
  readonly peer: string;
  /** Absent until the first request. */
  readonly node: NodeIdentity | undefined;
}

export interface ResponseSent {
  readonly stream: StreamRef;
  readonly typeUrl: string;
  /** Size of the whole message. */
  readonly bytes: number;
  /** Size of the resources in it; 0 when it only removes, or answers an empty subscription. */
  readonly resourceBytes: number;
  readonly resources: number;
  readonly removed: number;
  /** From the change (or the request) to the write, in milliseconds. */
  readonly latencyMs: number;
}

export interface Acknowledged {
  readonly stream: StreamRef;
  readonly typeUrl: string;
  /** From the write to the acknowledgement, in milliseconds. */
  readonly latencyMs: number;
}

export interface Rejected {
  readonly stream: StreamRef;
  readonly typeUrl: string;
  /** The client's reason, truncated. */
  readonly message: string;
  /** Resources of the rejected response; the protocol does not say which of them was rejected. */
  readonly names: readonly string[];
}

/** Callbacks for metrics and status. They must not throw. */
export interface AdsEvents {
  readonly streamOpened?: (stream: StreamRef) => void;
  /** `reason`: `client`, `age`, `shutdown`, `stalled`, `invalid`, `limit` or `error`. */
  readonly streamClosed?: (stream: StreamRef, reason: CloseReason) => void;
  /** A client was refused for a limit. */
  readonly refused?: (limit: LimitName) => void;
  readonly responseSent?: (event: ResponseSent) => void;
  readonly acknowledged?: (event: Acknowledged) => void;
  readonly rejected?: (event: Rejected) => void;
  /** A client of node discovery sent messages of its own (NodeRequest.reports), encoded. */
  readonly reported?: (stream: StreamRef, reports: readonly Uint8Array[]) => void;
  /** A response has waited for its acknowledgement for longer than `Limits.ackWarningMs`. */
  readonly acknowledgementLate?: (stream: StreamRef, typeUrl: string) => void;
}

export type CloseReason = 'client' | 'age' | 'shutdown' | 'stalled' | 'invalid' | 'limit' | 'error';
