import { defaultMarkMask } from '../../base/marks.ts';
import {
  bindAddress,
  boolean,
  choice,
  cidr,
  commaList,
  duration,
  type FieldType,
  hostPort,
  integer,
  ipAddress,
  list,
  markMask,
  nodePortAddress,
  size,
  socketAddress,
  text,
} from './field-types.ts';

export const apiVersion = 'config.fairlead.dev/v1alpha1';
export const kind = 'AgentConfiguration';

interface Flag {
  readonly name: string;
  /** As help shows it; absent: the flag takes no value. */
  readonly argument?: string;
  /** Other names of it, which help does not list. */
  readonly aliases?: readonly string[];
}

export interface Field<T> {
  readonly type: FieldType<NonNullable<T>>;
  readonly default: T;
  /** One line of help; docs/configuration.md repeats it, and a test compares them. */
  readonly about: string;
  readonly flag?: Flag;
  /** Environment variable that is read when neither flag nor file say it. */
  readonly env?: string;
}

interface Described {
  readonly about: string;
  readonly flag?: Flag;
  readonly env?: string;
}

function field<T>(type: FieldType<T>, byDefault: T, described: Described): Field<T> {
  return { type: type as unknown as FieldType<NonNullable<T>>, default: byDefault, ...described };
}

function optional<T>(type: FieldType<T>, described: Described): Field<T | undefined> {
  return { type: type as unknown as FieldType<NonNullable<T>>, default: undefined, ...described };
}

const path = text('the path of a file', /./);
const interfaceName = text('an interface name of 1 to 15 characters', /^[\w.-]{1,15}$/);

/**
 * Every field of an AgentConfiguration, by its path in the file, with its flag. Those that kube-proxy has too keep its names and
 * its meaning.
 */
export const fields = {
  hostnameOverride: optional(text('the name of a node', /./), {
    about: 'name of this node',
    flag: { name: 'node-name', argument: '<name>', aliases: ['hostname-override'] },
    env: 'NODE_NAME',
  }),
  zone: field(text('the name of a zone', /^/), '', {
    about: "the node's topology.kubernetes.io/zone",
    flag: { name: 'zone', argument: '<name>' },
    env: 'NODE_ZONE',
  }),
  controllers: field(list(hostPort), [{ host: '127.0.0.1', port: 18_000 }], {
    about: 'replicas of the controller; all addresses of a name are used',
    flag: { name: 'controller', argument: '<host:port>' },
  }),
  controllerReturn: field(duration(24 * 3_600_000), 60_000, {
    about: 'time over which the agents return to a controller that is back',
    flag: { name: 'controller-return', argument: '<duration>' },
  }),
  bindAddress: optional(ipAddress, {
    about: "the node's primary address of its family; no socket is bound to it",
    flag: { name: 'bind-address', argument: '<ip>' },
  }),
  healthzBindAddress: field(
    bindAddress(10_256),
    { host: '', port: 10_256 },
    {
      about: 'where /healthz, /livez and /readyz are served',
      flag: { name: 'healthz-bind-address', argument: '<ip:port>', aliases: ['health-address'] },
    },
  ),
  metricsBindAddress: field(
    bindAddress(10_249),
    { host: '127.0.0.1', port: 10_249 },
    {
      about: 'where /metrics, /proxyMode and /configz are served',
      flag: { name: 'metrics-bind-address', argument: '<ip:port>' },
    },
  ),
  bindAddressHardFail: field(boolean, false, {
    about: 'the agent exits when one of these two addresses cannot be bound; otherwise it tries again every 5 seconds',
    flag: { name: 'bind-address-hard-fail' },
  }),
  detectLocalMode: optional(choice(['ClusterCIDR', 'NodeCIDR', 'BridgeInterface', 'InterfaceNamePrefix']), {
    about: "how packets of this node's pods are recognised; without it, by what is given of the following",
    flag: { name: 'detect-local-mode', argument: '<mode>' },
  }),
  clusterCIDR: optional(commaList(cidr), {
    about: 'addresses of pods, for ClusterCIDR: one CIDR, or one of each family separated by a comma',
    flag: { name: 'cluster-cidr', argument: '<cidr>' },
  }),
  'detectLocal.bridgeInterface': optional(interfaceName, {
    about: "the pods' bridge, for BridgeInterface",
    flag: { name: 'pod-bridge-interface', argument: '<name>' },
  }),
  'detectLocal.interfaceNamePrefix': optional(interfaceName, {
    about: "beginning of the names of the pods' interfaces, such as cali, for InterfaceNamePrefix",
    flag: { name: 'pod-interface-name-prefix', argument: '<prefix>', aliases: ['pod-interface'] },
  }),
  podCIDRs: field(list(cidr), [], {
    about: "addresses of this node's pods; beside detectLocalMode, both must hold",
    flag: { name: 'pod-cidr', argument: '<cidr>' },
  }),
  nodePortAddresses: field(list(nodePortAddress), ['primary'], {
    about: "addresses of the node at which NodePorts are reached: CIDRs, 'primary' or 'all'",
    flag: { name: 'nodeport-addresses', argument: '<cidr>' },
  }),
  'nftables.masqueradeAll': field(boolean, false, {
    about: 'masquerade all connections to cluster IPs',
    flag: { name: 'masquerade-all' },
  }),
  'nftables.syncPeriod': field(duration(3_600_000), 30_000, {
    about: '/healthz fails when a change waits for twice this time; nothing else depends on it',
    flag: { name: 'sync-period', argument: '<duration>', aliases: ['iptables-sync-period'] },
  }),
  'conntrack.maxPerCore': field(integer(0, 2 ** 24), 32_768, {
    about: 'connections that the kernel tracks for each CPU; 0: left as it is, and min does not count',
    flag: { name: 'conntrack-max-per-core', argument: '<number>' },
  }),
  'conntrack.min': field(integer(0, 2 ** 30), 131_072, {
    about: 'the least number of connections that the kernel tracks',
    flag: { name: 'conntrack-min', argument: '<number>' },
  }),
  'conntrack.tcpEstablishedTimeout': field(duration(365 * 24 * 3_600_000), 24 * 3_600_000, {
    about: 'idle time after which an established TCP connection is forgotten; 0s: left as it is',
    flag: { name: 'conntrack-tcp-timeout-established', argument: '<duration>' },
  }),
  'conntrack.tcpCloseWaitTimeout': field(duration(365 * 24 * 3_600_000), 3_600_000, {
    about: 'the same for one in CLOSE_WAIT; 0s: left as it is',
    flag: { name: 'conntrack-tcp-timeout-close-wait', argument: '<duration>' },
  }),
  'conntrack.tcpBeLiberal': field(boolean, false, {
    about: 'packets outside the TCP window are not taken for invalid',
    flag: { name: 'conntrack-tcp-be-liberal' },
  }),
  'conntrack.udpTimeout': field(duration(365 * 24 * 3_600_000), 0, {
    about: 'idle time after which UDP without an answer is forgotten; 0s: left as it is',
    flag: { name: 'conntrack-udp-timeout', argument: '<duration>' },
  }),
  'conntrack.udpStreamTimeout': field(duration(365 * 24 * 3_600_000), 0, {
    about: 'the same for UDP with answers; 0s: left as it is',
    flag: { name: 'conntrack-udp-timeout-stream', argument: '<duration>' },
  }),
  'envoy.bootstrap': optional(path, {
    about: "write Envoy's bootstrap to this file",
    flag: { name: 'bootstrap', argument: '<file>' },
  }),
  'envoy.path': optional(path, {
    about: 'start this Envoy with the bootstrap, and restart it when it exits',
    flag: { name: 'envoy', argument: '<path>' },
  }),
  'envoy.args': field(text('a text', /^/), '', {
    about: "more arguments for it, such as '--concurrency 2'",
    flag: { name: 'envoy-args', argument: '<args>' },
  }),
  'envoy.log': optional(path, {
    about: "append Envoy's output to this file instead of the agent's own output",
    flag: { name: 'envoy-log', argument: '<file>' },
  }),
  'envoy.leave': field(boolean, false, {
    about: 'leave Envoy running when the agent exits',
    flag: { name: 'leave-envoy' },
  }),
  'envoy.admin': field(
    socketAddress,
    { kind: 'Tcp', host: '127.0.0.1', port: 15_000 },
    {
      about: "Envoy's admin interface, TCP or a socket's path",
      flag: { name: 'envoy-admin', argument: '<host:port|path>' },
    },
  ),
  'envoy.maxHeap': optional(size, {
    about: 'near this much heap Envoy refuses connections, which the kernel then takes; such as 1Gi',
    flag: { name: 'envoy-max-heap', argument: '<bytes>' },
  }),
  markMask: field(markMask, defaultMarkMask, {
    about:
      'two neighbouring bits of the marks of packets and connections; the markMask of the controller must be the same',
    flag: { name: 'mark-mask', argument: '<mask>' },
  }),
} as const;

export type Fields = typeof fields;
export type FieldPath = keyof Fields;
export type Values = { readonly [P in FieldPath]: Fields[P] extends Field<infer T> ? T : never };

export const fieldPaths = Object.keys(fields) as readonly FieldPath[];

/** A field of which only is known that it is one. */
export function fieldAt(path: FieldPath): Field<unknown> {
  return fields[path] as Field<unknown>;
}
