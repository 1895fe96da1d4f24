import type { NftCommand } from '../nftables/runner.ts';

interface Listing {
  readonly nftables: readonly {
    readonly table?: { readonly family: string; readonly name: string; readonly handle: number };
  }[];
}

/**
 * Handles of the tables of a name, one text. A table that was deleted, or deleted and made again, gives another. Listing
 * tables costs a few milliseconds whatever they hold.
 */
export async function tableIdentity(nft: NftCommand, name: string): Promise<string> {
  const listing = (await nft.list('list', 'tables')) as Listing;
  const tables = listing.nftables.flatMap(({ table }) =>
    table?.name === name ? [`${table.family}#${table.handle}`] : [],
  );
  return tables.sort().join(' ');
}
