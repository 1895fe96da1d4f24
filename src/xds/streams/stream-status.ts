import type { Variant } from '../server/ads-events.ts';
import type { NodeIdentity } from './node-identity.ts';

/** One stream for `/debug/resources` and `fairlead status`; plain data. Times are milliseconds since the epoch. */
export interface StreamStatus {
  readonly id: number;
  readonly peer: string;
  readonly variant: Variant;
  readonly node: NodeIdentity | undefined;
  readonly connectedAt: number;
  readonly types: readonly TypeStatus[];
}

export interface TypeStatus {
  readonly typeUrl: string;
  readonly wildcard: boolean;
  /** Names that the client asked for, apart from the wildcard. */
  readonly named: number;
  /** Resources that the client has acknowledged in their current version. */
  readonly current: number;
  /** Resources that the client should have; `current` of `wanted` are there. */
  readonly wanted: number;
  readonly acknowledgements: number;
  readonly rejections: number;
  readonly lastRejection: Rejection | undefined;
  /** Names of which the client rejected the current version; it uses an older one, if it had one. */
  readonly rejected: readonly string[];
  /** When the response was written that the client has yet to acknowledge. */
  readonly outstandingSince: number | undefined;
  /** Acknowledged versions by name; only when asked for, as it may be long. */
  readonly resources: readonly ResourceStatus[] | undefined;
}

export interface Rejection {
  readonly message: string;
  readonly at: number;
  readonly names: readonly string[];
}

export interface ResourceStatus {
  readonly name: string;
  /** What the client has acknowledged; empty when there is nothing, or when it is unknown after a rejection. */
  readonly acknowledged: string;
  /** What is served now; empty when there is no such resource. */
  readonly served: string;
}

export interface StatusQuery {
  /** Only streams that were opened after the one with this id. */
  readonly after?: number;
  /** Only streams of this node: its id or its NODE_NAME. */
  readonly node?: string;
  /** Also list each resource. */
  readonly resources?: boolean;
}
