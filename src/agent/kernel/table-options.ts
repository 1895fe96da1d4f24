import type { Marks } from '../../base/marks.ts';
import type { PacketFamily } from '../../nftables/rule.ts';
import type { PodDetector } from './pod-detector.ts';

export interface ListenerPorts {
  readonly tcp: number;
  readonly http: number;
}

export interface NodeTableOptions {
  readonly family: PacketFamily;
  readonly pods: PodDetector;
  readonly marks: Marks;
  readonly listeners: ListenerPorts;
  /** Every connection to a cluster IP gets an address of the node as its source. */
  readonly masqueradeAll?: boolean;
}

export const tableName = 'fairlead';

/** Holds what only the kernel knows, so it is never replaced. */
export const affinityTableName = 'fairlead-affinity';
