import type { Chain, ElementSet, TableName } from '../../nftables/objects.ts';
import { balanceChains } from './balance-chains.ts';
import { filterChains } from './filter-chains.ts';
import { nodeSets } from './node-sets.ts';
import { redirectChains } from './redirect-chains.ts';
import { type NodeTableOptions, tableName } from './table-options.ts';

/** What never changes while the agent runs. */
export interface NodeTable {
  readonly name: TableName;
  readonly sets: readonly ElementSet[];
  readonly chains: readonly Chain[];
}

export function nodeTable(options: NodeTableOptions): NodeTable {
  const sets = nodeSets(options.family);
  return {
    name: { family: options.family, name: tableName },
    sets: Object.values(sets),
    chains: [...redirectChains(options), ...balanceChains(options), ...filterChains(options)],
  };
}
