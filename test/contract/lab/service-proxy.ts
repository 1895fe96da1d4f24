import type { ContractLab } from './contract-lab.ts';
import type { NodeName } from './plan.ts';

/** What makes Services work on the nodes of a lab. */
export interface ServiceProxy {
  /** Of the column of the report. */
  readonly name: string;
  /** Whether connections of pods to cluster IPs by TCP should go through a process that sees them. */
  readonly isThroughProxy: boolean;
  /** Starts all that it consists of; it need not be ready on return. */
  start(lab: ContractLab): Promise<void>;
  stopNode(node: NodeName): Promise<void>;
  /** `flags`, by kube-proxy's names, take the place of the usual ones for the same thing. */
  startNode(node: NodeName, flags?: readonly string[]): Promise<void>;
}
