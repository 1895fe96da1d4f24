import type { Logger } from 'pino';
import { NftCommand } from '../../nftables/runner.ts';
import { Transaction } from '../../nftables/transaction.ts';
import { checkNft, familiesEverUsed } from './preflight.ts';
import { defaultRouteTable, ip, removeRouting } from './routing.ts';
import { restoreSettings, SavedSettings } from './saved-settings.ts';
import { kernelSysctls } from './sysctls.ts';
import { affinityTableName, tableName } from './table-options.ts';

/**
 * Removes everything from the kernel that an agent put there, and sets settings back; it is not an error if there is nothing.
 * Forwarding stays on, as others may rely on it by now.
 * @throws FairleadError when nft cannot be used
 */
export async function cleanUpNode(logger: Logger): Promise<void> {
  const nft = new NftCommand();
  const families = familiesEverUsed();
  const transactions = families.flatMap((family) => {
    return [tableName, affinityTableName].map((name) =>
      new Transaction({ family: family === 'IPv4' ? 'ip' : 'ip6', name }).add({ kind: 'DeleteTable' }),
    );
  });
  const text = transactions.map((transaction) => transaction.toText()).join('');
  await checkNft(nft, text);
  await nft.run(text);
  for (const family of families) await removeRouting(ip, family, defaultRouteTable);
  const saved = new SavedSettings(nft);
  restoreSettings(kernelSysctls, await saved.read(), logger);
  await saved.clear();
  nft.close();
  logger.info({ families }, 'Removed tables, rules and routes');
}
