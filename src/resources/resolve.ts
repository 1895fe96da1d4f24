import type { ResourceEntry } from './resource-entry.ts';

/** What a name that no unit lists stands for. */
export interface Resolution {
  /** Resolved again whenever the unit of this owner is replaced. */
  readonly owner: string;
  /** Undefined: there is none at present. */
  readonly entry: ResourceEntry | undefined;
}

/** Makes the resources that are made only when somebody asks for them. Undefined: there will never be any of this name. */
export type Resolve = (typeUrl: string, name: string) => Resolution | undefined;
