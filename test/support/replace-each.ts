import type { ResourceEntry } from '../../src/resources/resource-entry.ts';
import type { ResourceName } from '../../src/resources/resource-name.ts';
import type { ResourceUnit } from '../../src/resources/resource-unit.ts';

interface Units {
  replaceUnits(units: Iterable<ResourceUnit>): void;
}

/** Replaces and removes resources as one batch, where each is a unit of its own. */
export function replaceEach(
  cache: Units,
  entries: readonly ResourceEntry[],
  removals: readonly ResourceName[] = [],
): void {
  cache.replaceUnits([
    ...entries.map((entry) => ({ owner: ownerOf(entry), entries: [entry] })),
    ...removals.map((name) => ({ owner: ownerOf(name), entries: [] })),
  ]);
}

function ownerOf({ typeUrl, name }: ResourceName): string {
  return `${typeUrl} ${name}`;
}
