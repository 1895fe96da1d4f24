import { NftError, NftMissingError } from './nft-error.ts';
import type { NftCommand } from './runner.ts';

/** nft before 1.0.1 parses the whole ruleset for each change, whichever program's it is. */
export const leastNftVersion = '1.0.1';

/** What prevents programming the kernel. */
export type ProbeResult =
  | { readonly kind: 'Usable'; readonly version: string }
  | { readonly kind: 'Missing'; readonly program: string }
  | { readonly kind: 'TooOld'; readonly version: string }
  | { readonly kind: 'NotPermitted' }
  | { readonly kind: 'Unsupported'; readonly reason: string };

/** Asks nft for its version and checks a transaction without committing it, which needs the same privileges. */
export async function probeNft(nft: NftCommand, transaction: string): Promise<ProbeResult> {
  try {
    const version = versionIn(await nft.version());
    if (version === undefined || isOlder(version, leastNftVersion)) {
      return { kind: 'TooOld', version: version ?? 'of unknown version' };
    }
    await nft.check(transaction);
    return { kind: 'Usable', version };
  } catch (error) {
    return resultOf(error);
  }
}

function resultOf(error: unknown): ProbeResult {
  if (error instanceof NftMissingError) return { kind: 'Missing', program: error.message };
  if (!(error instanceof NftError)) throw error;
  return error.isNotPermitted ? { kind: 'NotPermitted' } : { kind: 'Unsupported', reason: error.message };
}

/** `1.0.6` of `nftables v1.0.6 (Lester Gooch #5)`. */
function versionIn(text: string): string | undefined {
  return /v(\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];
}

function isOlder(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split('.').map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
