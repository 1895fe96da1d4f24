import type { NftCommand } from '../../nftables/runner.ts';

interface Listing {
  readonly nftables: readonly {
    readonly table?: { readonly family: string; readonly name: string; readonly handle: number };
  }[];
}

/**
 * Handles of the tables of these names, in order. A table that was deleted and created again has a new one. Listing tables costs a
 * few milliseconds whatever they hold.
 */
export async function tableHandles(nft: NftCommand, names: readonly string[]): Promise<readonly string[]> {
  const listing = (await nft.list('list', 'tables')) as Listing;
  const tables = listing.nftables.flatMap(({ table }) =>
    table !== undefined && names.includes(table.name) ? [`${table.family}#${table.handle}`] : [],
  );
  return tables.sort();
}

/**
 * Whether another program deleted or replaced tables.
 * @param before handles at the previous check; undefined when there was none since the tables were created
 * @param count how many tables there should be, so that one that is gone before the first check is noticed as well
 */
export function hasDrifted(before: readonly string[] | undefined, now: readonly string[], count: number): boolean {
  return now.length < count || (before !== undefined && before.join() !== now.join());
}
