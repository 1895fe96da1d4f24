import { existsSync, readFileSync } from 'node:fs';
import { FairleadError } from '../../model/errors.ts';
import type { IpFamily } from '../../model/service.ts';
import { leastNftVersion, probeNft } from '../../nftables/probe.ts';
import type { NftCommand } from '../../nftables/runner.ts';

/** Absent from a kernel without IPv6. */
const ipv6File = '/proc/net/if_inet6';

/**
 * Checks that the kernel can be programmed, before anything is changed.
 * @throws FairleadError NFT_MISSING, NFT_TOO_OLD, NOT_PERMITTED, INPUT_INVALID
 */
export async function checkNft(nft: NftCommand, transaction: string): Promise<void> {
  const result = await probeNft(nft, transaction);
  switch (result.kind) {
    case 'Usable':
      return;
    case 'Missing':
      throw new FairleadError('NFT_MISSING', result.program);
    case 'TooOld':
      throw new FairleadError('NFT_TOO_OLD', `nft is ${result.version}; at least ${leastNftVersion} is needed`);
    case 'NotPermitted':
      throw new FairleadError('NOT_PERMITTED', 'nft may not change the ruleset');
    case 'Unsupported':
      throw new FairleadError('KERNEL_UNSUPPORTED', `nft refused the agent's table: ${result.reason}`);
  }
}

/**
 * Families that work in this network namespace: IPv6 may be there and switched off (sysctl disable_ipv6), as it is in
 * Docker's containers. Then the loopback interface has no IPv6 address, and takes no IPv6 route.
 */
export function familiesOfKernel(): readonly IpFamily[] {
  return existsSync(ipv6File) && /\slo$/m.test(readFileSync(ipv6File, 'utf8')) ? ['IPv4', 'IPv6'] : ['IPv4'];
}

/** Families of which there may be tables and rules: also one that was switched off since they were made. */
export function familiesEverUsed(): readonly IpFamily[] {
  return existsSync(ipv6File) ? ['IPv4', 'IPv6'] : ['IPv4'];
}
