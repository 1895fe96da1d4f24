import type { ResourceEntry } from './resource-entry.ts';

/** The resources that are replaced together, since they were made from the same objects. */
export interface ResourceUnit {
  readonly owner: string;
  /** All resources of the unit; those that it had before and that are missing are removed. Empty: the unit is gone. */
  readonly entries: readonly ResourceEntry[];
}
