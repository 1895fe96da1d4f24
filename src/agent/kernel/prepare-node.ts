import type { Logger } from 'pino';
import { errorText } from '../../base/error-text.ts';
import type { IpFamily } from '../../model/service.ts';
import type { NftCommand } from '../../nftables/runner.ts';
import { type ConntrackOptions, conntrackSettings } from './conntrack-settings.ts';
import { applySettings, SavedSettings } from './saved-settings.ts';
import { kernelSysctls, prepareSysctls } from './sysctls.ts';

export interface NodePreparation {
  /** Families that pods have, whose packets the node forwards. */
  readonly families: readonly IpFamily[];
  readonly conntrack: ConntrackOptions;
}

/** Makes the kernel's settings, and remembers what they were for `fairlead agent cleanup`. May be repeated. */
export async function prepareNode(
  nft: NftCommand,
  { families, conntrack }: NodePreparation,
  logger: Logger,
): Promise<void> {
  const changes = [
    ...prepareSysctls(kernelSysctls, families, logger),
    ...applySettings(kernelSysctls, conntrackSettings(conntrack), logger),
  ];
  try {
    await new SavedSettings(nft).add(changes);
  } catch (error) {
    logger.error({ changes, reason: errorText(error) }, 'Could not remember what kernel settings were before');
  }
}
