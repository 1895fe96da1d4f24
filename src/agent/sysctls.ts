import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { IpFamily } from '../model/service.ts';

/** The kernel's settings as files; the seam for tests. */
export interface Sysctls {
  /** Undefined when the kernel has no such setting. */
  read(name: string): string | undefined;
  write(name: string, value: string): void;
  /** Names under a directory of settings. */
  list(name: string): readonly string[];
}

const root = '/proc/sys';

export const kernelSysctls: Sysctls = {
  read: (name) => {
    try {
      return readFileSync(join(root, name), 'utf8').trim();
    } catch {
      return undefined;
    }
  },
  write: (name, value) => writeFileSync(join(root, name), value),
  list: (name) => {
    try {
      return readdirSync(join(root, name));
    } catch {
      return [];
    }
  },
};

const forwarding: Readonly<Record<IpFamily, string>> = {
  IPv4: 'net/ipv4/ip_forward',
  IPv6: 'net/ipv6/conf/all/forwarding',
};

interface Hindrance {
  readonly setting: string;
  readonly value: string;
  readonly effect: string;
}

/** Turns forwarding on, without which no pod reaches anything, and says what else stands in the way. */
export function prepareSysctls(sysctls: Sysctls, families: readonly IpFamily[], logger: Logger): void {
  for (const family of families) enableForwarding(sysctls, forwarding[family], logger);
  for (const hindrance of hindrancesIn(sysctls)) logger.warn(hindrance, 'Found a kernel setting that is in the way');
}

function enableForwarding(sysctls: Sysctls, name: string, logger: Logger): void {
  const before = sysctls.read(name);
  if (before === undefined || before !== '0') return;
  try {
    sysctls.write(name, '1');
    logger.info({ setting: name, before, now: '1' }, 'Turned forwarding on');
  } catch (err) {
    logger.error({ err, setting: name }, 'Could not turn forwarding on; pods will not reach Services');
  }
}

function hindrancesIn(sysctls: Sysctls): readonly Hindrance[] {
  const known: readonly [setting: string, bad: string, effect: string][] = [
    ['net/ipv4/tcp_fwmark_accept', '1', "Envoy's answers take the redirect mark and never leave the node; set it to 0"],
    ['net/ipv4/fwmark_reflect', '1', "the kernel's own answers may take the redirect mark; set it to 0"],
    ['net/bridge/bridge-nf-call-iptables', '1', 'packets of pods on a bridge do not find their way into Envoy'],
  ];
  return known.flatMap(([setting, bad, effect]) => {
    const value = sysctls.read(setting);
    return value === bad ? [{ setting, value, effect }] : [];
  });
}
