import { cpus } from 'node:os';
import type { HostPort } from '../../base/host-port.ts';
import { defaultMarks, type Marks, marksIn } from '../../base/marks.ts';
import { familyOf } from '../../model/address.ts';
import { FairleadError } from '../../model/errors.ts';
import type { IpFamily } from '../../model/service.ts';
import type { ConntrackOptions } from '../kernel/conntrack-settings.ts';
import { defaultRouteTable } from '../kernel/routing.ts';
import type { ListenerPorts } from '../kernel/table-options.ts';
import type { DetectorOptions } from '../node/pod-detector.ts';
import type { GivenValues } from './configuration-file.ts';
import type { SocketAddress } from './field-types.ts';
import { fieldAt, fieldPaths, type Values } from './fields.ts';
import { type Flags, readFlags } from './flags.ts';

/** What the agent runs with, checked. */
export interface AgentOptions {
  /** All fields, for /configz. */
  readonly values: Values;
  readonly nodeName: string;
  readonly zone: string;
  readonly controllers: readonly HostPort[];
  /** Agents return to a controller that is back within this time. */
  readonly controllerReturnMs: number;
  readonly detector: DetectorOptions;
  /** The node's own address, by family, where it is not the one that the controller tells. */
  readonly primaryAddresses: Readonly<Partial<Record<IpFamily, string>>>;
  /** CIDRs, `primary`, `all`. */
  readonly nodePortAddresses: readonly string[];
  readonly masqueradeAll: boolean;
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
  readonly envoyAdmin: SocketAddress;
  readonly maxHeapBytes: number | undefined;
  readonly healthAddress: HostPort;
  readonly metricsAddress: HostPort;
  readonly bindAddressHardFail: boolean;
  /** A change that waits for longer makes the proxy unhealthy. */
  readonly healthTimeoutMs: number;
  readonly conntrack: ConntrackOptions;
  /** What was given and has no effect. */
  readonly warnings: readonly string[];
}

export interface AgentInput {
  readonly flags: Flags;
  /** What the file says. */
  readonly file?: GivenValues;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Flags take precedence over the file, the file over the environment, and the environment over the defaults.
 * @throws FairleadError INPUT_INVALID, ADDRESS_INVALID; the message names the flag, or file, line and field
 */
export function resolveOptions(input: AgentInput): AgentOptions {
  const { given, warnings } = readFlags(input.flags);
  const all: GivenValues = new Map([...(input.file ?? []), ...given]);
  const values = valuesOf(all, input.env ?? {});
  const check = new Check(all, values);
  return {
    values,
    nodeName: values.hostnameOverride ?? check.fail('hostnameOverride', 'is missing; give it or set NODE_NAME'),
    zone: values.zone,
    controllers: values.controllers,
    controllerReturnMs: values.controllerReturn,
    detector: detectorOf(check),
    primaryAddresses: primaryAddressesOf(values),
    nodePortAddresses: values.nodePortAddresses,
    masqueradeAll: values['nftables.masqueradeAll'],
    marks: marksIn(check.values.markMask) ?? defaultMarks,
    listeners: { tcp: 15_001, http: 15_002 },
    routeTable: defaultRouteTable,
    bootstrap: values['envoy.bootstrap'],
    envoy: envoyOf(check),
    envoyAdmin: values['envoy.admin'],
    maxHeapBytes: values['envoy.maxHeap'],
    healthAddress: values.healthzBindAddress,
    metricsAddress: values.metricsBindAddress,
    bindAddressHardFail: values.bindAddressHardFail,
    healthTimeoutMs: 2 * values['nftables.syncPeriod'],
    conntrack: conntrackOf(values, cpus().length),
    warnings,
  };
}

function valuesOf(given: GivenValues, env: NonNullable<AgentInput['env']>): Values {
  const entries = fieldPaths.map((path) => {
    const { type, default: byDefault, env: variable } = fieldAt(path);
    const text = variable === undefined ? undefined : env[variable] || undefined;
    const fromEnvironment = text === undefined ? undefined : type.read(type.ofFlag([text]));
    return [path, given.get(path)?.value ?? fromEnvironment ?? byDefault];
  });
  return Object.fromEntries(entries) as Values;
}

/** Names a field in a message as the user wrote it, or by its flag. */
class Check {
  readonly values: Values;
  readonly #given: GivenValues;

  constructor(given: GivenValues, values: Values) {
    this.#given = given;
    this.values = values;
  }

  has(path: keyof Values): boolean {
    return this.#given.has(path);
  }

  fail(path: keyof Values, reason: string): never {
    const where = this.#given.get(path)?.where ?? `--${fieldAt(path).flag?.name}`;
    throw new FairleadError('INPUT_INVALID', `${where}: ${reason}`);
  }
}

function envoyOf(check: Check): AgentOptions['envoy'] {
  const { values } = check;
  const path = values['envoy.path'];
  if (path === undefined) return undefined;
  if (values['envoy.bootstrap'] === undefined) {
    check.fail('envoy.path', 'needs --bootstrap FILE, the configuration that Envoy starts with');
  }
  const args = values['envoy.args'].split(/\s+/).filter((word) => word !== '');
  return { path, args, log: values['envoy.log'], leave: values['envoy.leave'] };
}

function detectorOf(check: Check): DetectorOptions {
  const { values } = check;
  const { podCIDRs, clusterCIDR, detectLocalMode: mode } = values;
  const bridge = values['detectLocal.bridgeInterface'];
  const prefix = values['detectLocal.interfaceNamePrefix'];
  switch (mode ?? impliedMode(check)) {
    case 'PodCIDRs':
      return { kind: 'Cidrs', cidrs: podCIDRs };
    case 'ClusterCIDR':
      if (clusterCIDR === undefined) check.fail('clusterCIDR', 'is missing; detectLocalMode ClusterCIDR needs it');
      return { kind: 'Cidrs', cidrs: podCIDRs.length > 0 ? podCIDRs : clusterCIDR };
    case 'NodeCIDR':
      return { kind: 'NodeCidrs' };
    case 'BridgeInterface':
      if (bridge === undefined) check.fail('detectLocal.bridgeInterface', 'is missing; BridgeInterface needs it');
      return { kind: 'Interface', interface: { kind: 'Name', name: bridge }, cidrs: podCIDRs };
    case 'InterfaceNamePrefix':
      if (prefix === undefined)
        check.fail('detectLocal.interfaceNamePrefix', 'is missing; InterfaceNamePrefix needs it');
      return { kind: 'Interface', interface: { kind: 'Prefix', prefix }, cidrs: podCIDRs };
  }
}

function impliedMode(check: Check): NonNullable<Values['detectLocalMode']> | 'PodCIDRs' {
  if (check.has('detectLocal.interfaceNamePrefix')) return 'InterfaceNamePrefix';
  if (check.has('detectLocal.bridgeInterface')) return 'BridgeInterface';
  if (check.has('podCIDRs')) return 'PodCIDRs';
  if (check.has('clusterCIDR')) return 'ClusterCIDR';
  const others = '--pod-interface-name-prefix, --pod-bridge-interface, --cluster-cidr or --detect-local-mode NodeCIDR';
  return check.fail('podCIDRs', `is missing; give it, ${others}, to tell this node's pods from everything else`);
}

function primaryAddressesOf({ bindAddress }: Values): AgentOptions['primaryAddresses'] {
  const isSpecific = bindAddress !== undefined && bindAddress !== '0.0.0.0' && bindAddress !== '::';
  return isSpecific ? { [familyOf(bindAddress)]: bindAddress } : {};
}

/** As kube-proxy caps it (1.35): on machines with very many CPUs the table would take gigabytes. */
const mostTracked = 2 ** 20;

export function conntrackOf(values: Values, cores: number): ConntrackOptions {
  const { 'conntrack.maxPerCore': perCore, 'conntrack.min': min } = values;
  const seconds = (ms: number) => (ms === 0 ? undefined : Math.floor(ms / 1_000));
  return {
    max: perCore === 0 ? undefined : Math.min(Math.max(perCore * cores, min), Math.max(mostTracked, min)),
    tcpEstablishedSeconds: seconds(values['conntrack.tcpEstablishedTimeout']),
    tcpCloseWaitSeconds: seconds(values['conntrack.tcpCloseWaitTimeout']),
    udpSeconds: seconds(values['conntrack.udpTimeout']),
    udpStreamSeconds: seconds(values['conntrack.udpStreamTimeout']),
    tcpBeLiberal: values['conntrack.tcpBeLiberal'],
  };
}
