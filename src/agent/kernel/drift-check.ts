import type { NftCommand } from '../../nftables/runner.ts';

interface Listing {
  readonly nftables: readonly {
    readonly chain?: {
      readonly family: string;
      readonly table: string;
      readonly name: string;
      readonly handle: number;
      /** Only of base chains. */
      readonly hook?: string;
    };
  }[];
}

/**
 * A signature of each table of these names, in order: the handles of its base chains, which change when a table is deleted and created
 * again, or a chain is. Chains and not tables are listed because nft 1.0.6 reads all elements for `list tables` (1.2 s and 134 MB with 100,000
 * elements), and none for `list chains` (10 ms).
 */
export async function tableSignatures(
  nft: Pick<NftCommand, 'list'>,
  names: readonly string[],
): Promise<readonly string[]> {
  const listing = (await nft.list('list', 'chains')) as Listing;
  const handles = new Map<string, string[]>();
  for (const { chain } of listing.nftables) {
    if (chain?.hook === undefined || !names.includes(chain.table)) continue;
    const table = `${chain.family} ${chain.table}`;
    handles.set(table, [...(handles.get(table) ?? []), `${chain.name}#${chain.handle}`]);
  }
  return [...handles].map(([table, chains]) => `${table}: ${chains.sort().join(' ')}`).sort();
}

/**
 * Whether another program deleted or replaced tables.
 * @param before signatures at the previous check; undefined when there was none since the tables were created
 * @param count how many tables there should be, so that one that is gone before the first check is noticed as well
 */
export function hasDrifted(before: readonly string[] | undefined, now: readonly string[], count: number): boolean {
  return now.length < count || (before !== undefined && before.join() !== now.join());
}
