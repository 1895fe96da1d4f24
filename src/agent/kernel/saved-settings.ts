import type { Logger } from 'pino';
import { errorText } from '../../base/error-text.ts';
import type { NftCommand } from '../../nftables/runner.ts';
import type { Change, Sysctls } from './sysctls.ts';

/** A number that the kernel is to have. */
export interface Setting {
  /** Below /proc/sys, or a path that begins with a slash. */
  readonly name: string;
  readonly value: number;
  /** A larger value is left as it is. */
  readonly isLeast: boolean;
}

/** Makes settings, and says what it changed. What the kernel refuses, or does not have, is left as it is, with a message. */
export function applySettings(sysctls: Sysctls, settings: readonly Setting[], logger: Logger): readonly Change[] {
  return settings.flatMap(({ name, value, isLeast }) => {
    const before = numberIn(sysctls.read(name));
    if (before === undefined) {
      logger.info({ setting: name, wanted: value }, 'Skipped a kernel setting that does not exist here');
      return [];
    }
    if (before === value || (isLeast && before > value)) return [];
    return write(sysctls, { name, before, now: value }, logger) ? [{ name, before, now: value }] : [];
  });
}

/** Sets back what still is as it was set; what another program changed since is that program's. */
export function restoreSettings(sysctls: Sysctls, changes: readonly Change[], logger: Logger): void {
  for (const { name, before, now } of changes) {
    if (numberIn(sysctls.read(name)) === now) write(sysctls, { name, before: now, now: before }, logger);
  }
}

function write(sysctls: Sysctls, { name, before, now }: Change, logger: Logger): boolean {
  try {
    sysctls.write(name, String(now));
    logger.info({ setting: name, before, now }, 'Changed a kernel setting');
    return true;
  } catch (error) {
    // In a container /proc/sys is read-only, and outside the first network namespace some settings are.
    logger.warn({ setting: name, before, wanted: now, reason: errorText(error) }, 'Skipped a kernel setting');
    return false;
  }
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/**
 * Remembers changes where they last as long as the settings do, whatever becomes of containers and their files: in a table of the
 * node's network namespace. It has no rules; the names of its sets are the changes.
 */
export class SavedSettings {
  static readonly table = 'fairlead-settings';
  readonly #nft: Pick<NftCommand, 'run' | 'list'>;

  constructor(nft: Pick<NftCommand, 'run' | 'list'>) {
    this.#nft = nft;
  }

  /** What was changed since the last clean-up. */
  async read(): Promise<readonly Change[]> {
    const { nftables } = (await this.#nft.list('-t', 'list', 'sets', 'inet')) as Listing;
    return nftables.flatMap(({ set }) => (set?.table === SavedSettings.table ? changesIn(set.name) : []));
  }

  /** Of a setting that is changed again, what it was at first is kept. */
  async add(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    const known = new Map((await this.read()).map((change) => [change.name, change]));
    const sets = changes.flatMap(({ name, before, now }) => {
      const earlier = known.get(name);
      const replaced = earlier === undefined ? [] : [`delete set ${tableText} ${nameOf(earlier)}\n`];
      const set = nameOf({ name, before: earlier?.before ?? before, now });
      return [...replaced, `add set ${tableText} ${set} { type mark; }\n`];
    });
    await this.#nft.run(`add table ${tableText}\n${sets.join('')}`);
  }

  async clear(): Promise<void> {
    await this.#nft.run(`add table ${tableText}\ndelete table ${tableText}\n`);
  }
}

interface Listing {
  readonly nftables: readonly { readonly set?: { readonly table: string; readonly name: string } }[];
}

const tableText = `inet ${SavedSettings.table}`;

/** A name begins with a letter; slashes, dots and underscores may follow. */
function nameOf({ name, before, now }: Change): string {
  return `s.${name}.${before}.${now}`;
}

function changesIn(set: string): readonly Change[] {
  const [, name, before, now] = /^s\.(.+)\.(\d+)\.(\d+)$/.exec(set) ?? [];
  return name === undefined ? [] : [{ name, before: Number(before), now: Number(now) }];
}
