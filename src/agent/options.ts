import ipaddr from 'ipaddr.js';
import { type HostPort, parseHostPort } from '../base/host-port.ts';
import { familyOf } from '../model/address.ts';
import { FairleadError } from '../model/errors.ts';
import type { IpFamily } from '../model/service.ts';
import type { Endpoint } from './envoy/bootstrap.ts';
import type { ListenerPorts, Marks, PodDetector } from './kernel/node-table.ts';
import { defaultRouteTable } from './kernel/routing.ts';

/** Flags of `fairlead agent` as they were typed. */
export interface AgentFlags {
  readonly nodeName?: string;
  readonly zone?: string;
  readonly controller?: readonly string[];
  readonly controllerReturn?: string;
  readonly podCidr?: readonly string[];
  readonly podInterface?: string;
  readonly bootstrap?: string;
  readonly envoy?: string;
  readonly envoyArgs?: string;
  readonly envoyLog?: string;
  readonly leaveEnvoy?: boolean;
  readonly envoyAdmin?: string;
  readonly envoyMaxHeap?: string;
  readonly healthAddress?: string;
  readonly markMask?: string;
  readonly redirectMark?: string;
  readonly upstreamMark?: string;
}

export interface AgentOptions {
  readonly nodeName: string;
  readonly zone: string;
  readonly controllers: readonly HostPort[];
  /** Agents return to a controller that is back within this time. */
  readonly controllerReturnMs: number;
  readonly pods: Readonly<Record<IpFamily, PodDetector>>;
  readonly marks: Marks;
  readonly listeners: ListenerPorts;
  readonly routeTable: number;
  readonly bootstrap: string | undefined;
  readonly envoy:
    | {
        readonly path: string;
        readonly args: readonly string[];
        readonly log: string | undefined;
        readonly leave: boolean;
      }
    | undefined;
  readonly envoyAdmin: Endpoint;
  readonly maxHeapBytes: number | undefined;
  readonly healthAddress: HostPort;
}

export const agentDefaults = {
  controller: '127.0.0.1:18000',
  controllerReturn: '60',
  envoyAdmin: '127.0.0.1:15000',
  healthAddress: '127.0.0.1:10256',
  markMask: '0xfff',
  redirectMark: '0x1',
  upstreamMark: '1337',
} as const;

/** @throws FairleadError INPUT_INVALID, ADDRESS_INVALID; the message names the flag */
export function parseAgentOptions(flags: AgentFlags): AgentOptions {
  if (flags.nodeName === undefined || flags.nodeName === '') {
    throw invalid('--node-name', 'is missing; give it or set NODE_NAME');
  }
  if (flags.envoy !== undefined && flags.bootstrap === undefined) {
    throw invalid('--envoy', 'needs --bootstrap FILE, the configuration that Envoy starts with');
  }
  return {
    nodeName: flags.nodeName,
    zone: flags.zone ?? '',
    controllers: controllersOf(flags.controller ?? []),
    controllerReturnMs: millisecondsOf('--controller-return', flags.controllerReturn ?? agentDefaults.controllerReturn),
    pods: podsOf(flags),
    marks: marksOf(flags),
    listeners: { tcp: 15_001, http: 15_002 },
    routeTable: defaultRouteTable,
    bootstrap: flags.bootstrap,
    envoy: envoyOf(flags),
    envoyAdmin: endpointOf('--envoy-admin', flags.envoyAdmin ?? agentDefaults.envoyAdmin),
    maxHeapBytes: flags.envoyMaxHeap === undefined ? undefined : bytesOf('--envoy-max-heap', flags.envoyMaxHeap),
    healthAddress: hostPortOf('--health-address', flags.healthAddress ?? agentDefaults.healthAddress),
  };
}

function envoyOf({ envoy, envoyArgs, envoyLog, leaveEnvoy }: AgentFlags): AgentOptions['envoy'] {
  if (envoy === undefined) return undefined;
  const args = envoyArgs?.split(/\s+/).filter((word) => word !== '') ?? [];
  return { path: envoy, args, log: envoyLog, leave: leaveEnvoy === true };
}

function controllersOf(texts: readonly string[]): readonly HostPort[] {
  const all = texts.flatMap((text) => text.split(',')).map((text) => text.trim());
  return (all.length > 0 ? all : [agentDefaults.controller]).map((text) => hostPortOf('--controller', text));
}

function podsOf({ podCidr = [], podInterface }: AgentFlags): AgentOptions['pods'] {
  const cidrs = podCidr.flatMap((text) => text.split(',')).map((text) => cidrOf(text.trim()));
  if (cidrs.length === 0 && podInterface === undefined) {
    throw invalid(
      '--pod-cidr',
      "is missing; give it or --pod-interface, to tell this node's pods from everything else",
    );
  }
  if (podInterface !== undefined && !/^[\w.-]{1,15}$/.test(podInterface)) {
    throw invalid('--pod-interface', `"${podInterface}" cannot be the beginning of an interface name`);
  }
  const detector = (family: IpFamily): PodDetector => ({
    cidrs: cidrs.filter((cidr) => familyOf(cidr) === family),
    ...(podInterface === undefined ? {} : { interfacePrefix: podInterface }),
  });
  return { IPv4: detector('IPv4'), IPv6: detector('IPv6') };
}

function cidrOf(text: string): string {
  if (!ipaddr.isValidCIDR(text)) throw invalid('--pod-cidr', `"${text}" is not a CIDR such as 10.244.1.0/24`);
  return text;
}

function marksOf(flags: AgentFlags): Marks {
  const mask = markOf('--mark-mask', flags.markMask ?? agentDefaults.markMask);
  const redirect = markOf('--redirect-mark', flags.redirectMark ?? agentDefaults.redirectMark);
  const upstream = markOf('--upstream-mark', flags.upstreamMark ?? agentDefaults.upstreamMark);
  for (const [flag, value] of [
    ['--redirect-mark', redirect],
    ['--upstream-mark', upstream],
  ] as const) {
    if (value === 0 || (value & ~mask) !== 0) throw invalid(flag, 'must not be 0 and must lie within --mark-mask');
  }
  if (redirect === upstream) throw invalid('--redirect-mark', 'must differ from --upstream-mark');
  return { mask, redirect, upstream };
}

function markOf(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 0x7fff_ffff) {
    throw invalid(flag, `"${text}" is not a number from 0 to 0x7fffffff`);
  }
  return value;
}

function millisecondsOf(flag: string, text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw invalid(flag, `"${text}" is not a number of seconds from 0 to 99999`);
  return Number(text) * 1_000;
}

function bytesOf(flag: string, text: string): number {
  const match = /^(\d+)(Ki|Mi|Gi)?$/.exec(text);
  if (match === null) throw invalid(flag, `"${text}" is not a number of bytes such as 512Mi`);
  const unit = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }[match[2] ?? ''] ?? 1;
  return Number(match[1]) * unit;
}

function endpointOf(flag: string, text: string): Endpoint {
  if (text.startsWith('/')) return { kind: 'Unix', path: text };
  return { kind: 'Tcp', ...hostPortOf(flag, text) };
}

function hostPortOf(flag: string, text: string): HostPort {
  const parsed = parseHostPort(text);
  if (parsed === undefined || parsed.host === '') {
    throw new FairleadError('ADDRESS_INVALID', `${flag}: "${text}" is not HOST:PORT`);
  }
  return parsed;
}

function invalid(flag: string, reason: string): FairleadError {
  return new FairleadError('INPUT_INVALID', `${flag}: ${reason}`);
}
