import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { IpFamily } from '../../model/service.ts';

/** The kernel's settings as files below /proc/sys, or, with a slash in front, elsewhere; the seam for tests. */
export interface Sysctls {
  /** Undefined when the kernel has no such setting. */
  read(name: string): string | undefined;
  write(name: string, value: string): void;
  /** Names under a directory of settings. */
  list(name: string): readonly string[];
}

/** A setting that was changed, with what it was before. */
export interface Change {
  readonly name: string;
  readonly before: number;
  readonly now: number;
}

const root = '/proc/sys';

function fileOf(name: string): string {
  return name.startsWith('/') ? name : join(root, name);
}

export const kernelSysctls: Sysctls = {
  read: (name) => {
    try {
      return readFileSync(fileOf(name), 'utf8').trim();
    } catch {
      return undefined;
    }
  },
  write: (name, value) => writeFileSync(fileOf(name), value),
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

/**
 * Early demux looks packets up among the node's sockets before they are routed, and drops the match when they are to be forwarded. A
 * pod's connection to an endpoint has the addresses, and may have the ports, of a connection of Envoy in its name, so
 * one in thousands would hang.
 */
const earlyDemux = 'net/ipv4/tcp_early_demux';

interface Hindrance {
  readonly setting: string;
  readonly value: string;
  readonly effect: string;
}

/**
 * Sets what pods' traffic depends on, and warns about other settings that interfere.
 * @returns what is to be set back some day; forwarding is not, as others may rely on it by then
 */
export function prepareSysctls(sysctls: Sysctls, families: readonly IpFamily[], logger: Logger): readonly Change[] {
  for (const family of families) {
    ensure(sysctls, forwarding[family], '1', 'pods will not reach Services', logger);
  }
  const effect = "some connections that bypass Envoy will hang while ports meet Envoy's";
  const isChanged = ensure(sysctls, earlyDemux, '0', effect, logger);
  for (const hindrance of hindrancesIn(sysctls)) logger.warn(hindrance, 'Found a kernel setting that interferes');
  return isChanged ? [{ name: earlyDemux, before: 1, now: 0 }] : [];
}

/** @returns whether it was changed */
function ensure(sysctls: Sysctls, name: string, wanted: '0' | '1', otherwise: string, logger: Logger): boolean {
  const before = sysctls.read(name);
  if (before === undefined || before === wanted) return false;
  // Forwarding knows a value of 2 for IPv6, which forwards too.
  if (wanted === '1' && before !== '0') return false;
  try {
    sysctls.write(name, wanted);
    logger.info({ setting: name, before, now: wanted }, 'Changed a kernel setting');
    return true;
  } catch (error) {
    logger.error({ error, setting: name, wanted, effect: otherwise }, 'Could not change a kernel setting');
    return false;
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
