import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ConntrackOptions, conntrackSettings } from './conntrack-settings.ts';
import { applySettings, restoreSettings, SavedSettings } from './saved-settings.ts';
import type { Sysctls } from './sysctls.ts';

const logger = pino({ level: 'silent' });
const prefix = 'net/netfilter/nf_conntrack_';
const hashSize = '/sys/module/nf_conntrack/parameters/hashsize';
let files: Map<string, string>;
let refused: Set<string>;

const sysctls: Sysctls = {
  read: (name) => files.get(name),
  write: (name, value) => {
    if (refused.has(name)) throw new Error('EACCES');
    files.set(name, value);
  },
  list: () => [],
};

const options: ConntrackOptions = {
  max: 131_072,
  tcpEstablishedSeconds: 86_400,
  tcpCloseWaitSeconds: 3_600,
  udpSeconds: undefined,
  udpStreamSeconds: undefined,
  tcpBeLiberal: false,
};

beforeEach(() => {
  refused = new Set();
  files = new Map([
    [`${prefix}max`, '65536'],
    [hashSize, '65536'],
    [`${prefix}tcp_timeout_established`, '432000'],
    [`${prefix}tcp_timeout_close_wait`, '60'],
  ]);
});

describe("the kernel's settings of connection tracking", () => {
  it("are kube-proxy's, and can be set back", () => {
    const changes = applySettings(sysctls, conntrackSettings(options), logger);
    expect([...files.values()]).toEqual(['131072', '65536', '86400', '3600']);
    files.set(`${prefix}tcp_timeout_close_wait`, '120');
    restoreSettings(sysctls, changes, logger);
    expect([...files.values()]).toEqual(['65536', '65536', '432000', '120']);
  });

  it('leave a larger table as it is, and what the kernel refuses', () => {
    files.set(`${prefix}max`, '1000000');
    refused.add(`${prefix}tcp_timeout_established`);
    const changes = applySettings(sysctls, conntrackSettings({ ...options, tcpBeLiberal: true }), logger);
    expect(changes).toEqual([{ name: `${prefix}tcp_timeout_close_wait`, before: 60, now: 3_600 }]);
    expect([...files.values()]).toEqual(['1000000', '65536', '432000', '3600']);
  });
});

describe('what was changed', () => {
  it('is kept in names of sets, with the value that was there first', async () => {
    const sets: string[] = [];
    const texts: string[] = [];
    const saved = new SavedSettings({
      list: () => Promise.resolve({ nftables: sets.map((name) => ({ set: { table: 'fairlead-settings', name } })) }),
      run: (text) => {
        texts.push(text);
        return Promise.resolve();
      },
    });
    await saved.add([{ name: hashSize, before: 1, now: 2 }]);
    expect(texts.at(-1)).toContain(`add set inet fairlead-settings s.${hashSize}.1.2 { type mark; }`);
    sets.push(`s.${hashSize}.1.2`);
    expect(await saved.read()).toEqual([{ name: hashSize, before: 1, now: 2 }]);
    await saved.add([{ name: hashSize, before: 2, now: 3 }]);
    expect(texts.at(-1)).toContain(`delete set inet fairlead-settings s.${hashSize}.1.2\n`);
    expect(texts.at(-1)).toContain(`s.${hashSize}.1.3 `);
  });
});
