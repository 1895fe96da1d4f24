import type { Setting } from './saved-settings.ts';

/** What the kernel is told about connection tracking; undefined or false: left as it is. */
export interface ConntrackOptions {
  readonly max: number | undefined;
  readonly tcpEstablishedSeconds: number | undefined;
  readonly tcpCloseWaitSeconds: number | undefined;
  readonly udpSeconds: number | undefined;
  readonly udpStreamSeconds: number | undefined;
  readonly tcpBeLiberal: boolean;
}

const hashSize = '/sys/module/nf_conntrack/parameters/hashsize';

/**
 * The settings that kube-proxy makes (1.36, pkg/proxy/conntrack). Unlike there, a larger table of connections that an administrator
 * chose is not made smaller.
 */
export function conntrackSettings(options: ConntrackOptions): readonly Setting[] {
  const { max, tcpBeLiberal } = options;
  const least = (name: string, value: number | undefined): readonly Setting[] => {
    return value === undefined ? [] : [{ name, value, isLeast: true }];
  };
  const exactly = (name: string, value: number | undefined): readonly Setting[] => {
    return value === undefined ? [] : [{ name: `net/netfilter/nf_conntrack_${name}`, value, isLeast: false }];
  };
  return [
    ...least('net/netfilter/nf_conntrack_max', max),
    // Buckets of the table. Linux refuses to change them outside the first network namespace (nf_conntrack_set_hashsize).
    ...least(hashSize, max === undefined ? undefined : Math.floor(max / 4)),
    ...exactly('tcp_timeout_established', options.tcpEstablishedSeconds),
    ...exactly('tcp_timeout_close_wait', options.tcpCloseWaitSeconds),
    ...exactly('tcp_be_liberal', tcpBeLiberal ? 1 : undefined),
    ...exactly('udp_timeout', options.udpSeconds),
    ...exactly('udp_timeout_stream', options.udpStreamSeconds),
  ];
}
