import { FairleadError } from '../../model/errors.ts';
import type { Given, GivenValues } from './configuration-file.ts';
import { type Field, type FieldPath, fieldAt, fieldPaths } from './fields.ts';

/** Flags as they were typed, by their names; one that takes no value has none. */
export type Flags = Readonly<Record<string, readonly string[]>>;

/** Flags of kube-proxy that have nothing to say here, and why. */
export const ignoredFlags: Readonly<Record<string, string>> = {
  'config-sync-period': 'the controller watches the API server and never lists again at intervals',
  'iptables-min-sync-period': 'each change is programmed at once',
  'iptables-masquerade-bit': 'connections are masqueraded by --mark-mask; the bit of kube-proxy stays free',
  'ipvs-min-sync-period': 'each change is programmed at once',
  'ipvs-sync-period': 'nothing is programmed at intervals',
  'kube-api-burst': 'the agent does not speak to the API server',
  'kube-api-content-type': 'the agent does not speak to the API server',
  'kube-api-qps': 'the agent does not speak to the API server',
  'oom-score-adj': 'the score is that of the container, which follows from its requests and limits',
  'show-hidden-metrics-for-version': 'no metric is hidden',
  'feature-gates': "none of kube-proxy's feature gates exists here",
  v: '--log-level sets how much is logged',
};

/** Flags of kube-proxy that ask for something that Fairlead does not do, and what to use instead. */
export const refusedFlags: Readonly<Record<string, string>> = {
  cleanup: 'use the command fairlead agent cleanup',
  'healthz-port': 'use --healthz-bind-address',
  'init-only': 'use the command fairlead agent init',
  'iptables-localhost-nodeports':
    'NodePorts are not reached at 127.0.0.1, as with kube-proxy in nftables mode; leave it out or give false',
  'ipvs-exclude-cidrs': 'there is no IPVS; leave it out',
  'ipvs-scheduler':
    'there is no IPVS; for Services that go through Envoy use the annotation fairlead.dev/load-balancer',
  'ipvs-strict-arp': 'there is no IPVS and no address is assigned to the node; leave it out',
  'ipvs-tcp-timeout': 'there is no IPVS; use --conntrack-tcp-timeout-established',
  'ipvs-tcpfin-timeout': 'there is no IPVS; leave it out',
  'ipvs-udp-timeout': 'there is no IPVS; use --conntrack-udp-timeout',
  kubeconfig: 'the agent does not speak to the API server; use --controller',
  master: 'the agent does not speak to the API server; use --controller',
  'metrics-port': 'use --metrics-bind-address',
  profiling: 'start node with --inspect or --cpu-prof in NODE_OPTIONS; leave it out or give false',
  'proxy-mode': 'Fairlead programs nftables; leave it out or give nftables',
};

/** Values with which a flag that is refused says what holds here anyway. */
const harmless: Readonly<Record<string, string>> = {
  'iptables-localhost-nodeports': 'false',
  'ipvs-strict-arp': 'false',
  profiling: 'false',
  'proxy-mode': 'nftables',
};

export interface ReadFlags {
  readonly given: GivenValues;
  readonly warnings: readonly string[];
}

/** @throws FairleadError INPUT_INVALID or ADDRESS_INVALID; the message names the flag */
export function readFlags(flags: Flags): ReadFlags {
  const given = new Map<FieldPath, Given>();
  const warnings: string[] = [];
  for (const [name, texts] of Object.entries(flags)) {
    const path = pathOf(name);
    if (path !== undefined) given.set(path, { value: readFlag(name, texts, fieldAt(path)), where: `--${name}` });
    else if (ignoredFlags[name] !== undefined) warnings.push(`--${name} has no effect: ${ignoredFlags[name]}`);
    else if (harmless[name] === undefined || texts.at(-1) !== harmless[name]) {
      throw new FairleadError('INPUT_INVALID', `--${name}: ${refusedFlags[name] ?? 'is unknown'}`);
    }
  }
  return { given, warnings };
}

function pathOf(name: string): FieldPath | undefined {
  return fieldPaths.find((path) => {
    const { flag } = fieldAt(path);
    return flag?.name === name || flag?.aliases?.includes(name);
  });
}

function readFlag(name: string, texts: readonly string[], { type }: Field<unknown>): unknown {
  const value = type.read(type.ofFlag(texts));
  if (value !== undefined) return value;
  const code = /HOST:PORT|IP:PORT/.test(type.expected) ? 'ADDRESS_INVALID' : 'INPUT_INVALID';
  throw new FairleadError(code, `--${name}: "${texts.join(',')}" is not ${type.expected}`);
}
