import type { ResourceEntry } from './resource-entry.ts';

/** What a name that no unit lists refers to. */
export interface Resolution {
  /** Resolved again whenever the unit of this owner is replaced. */
  readonly owner: string;
  /** Undefined: there is none at present. */
  readonly entry: ResourceEntry | undefined;
}

/** Makes the resources that are made only when a client asks for them. Undefined: there will never be one of this name. */
export type Resolve = (typeUrl: string, name: string) => Resolution | undefined;
