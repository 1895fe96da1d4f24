import type { FamilyTable } from './family-table.ts';

/** A family that the node has, with its tables. */
export interface Families {
  readonly IPv4: FamilyTable | undefined;
  readonly IPv6: FamilyTable | undefined;
}
