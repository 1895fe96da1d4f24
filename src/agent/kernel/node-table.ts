import {
  accept,
  destination,
  destinationPort,
  differs,
  equals,
  goTo,
  hasBits,
  hasDnat,
  isEstablished,
  isIn,
  isNew,
  isNotIn,
  isReply,
  isTcp,
  mapped,
  masquerade,
  packetMark,
  protocol,
  rejectAny,
  resetTcp,
  selected,
  source,
  tcpDestinationPort,
  verdictOf,
} from '../../nftables/build-rule.ts';
import type { Chain, Element, ElementSet, Hook, TableName } from '../../nftables/objects.ts';
import type { Expression, Rule } from '../../nftables/rule.ts';

/** How packets of this node's pods are recognised. If both are given, both must hold. */
export interface PodDetector {
  /** Of the table's family; empty: not asked. */
  readonly cidrs: readonly string[];
  /** Prefix of the names of the pods' interfaces on the node, such as `cali`. */
  readonly interfacePrefix?: string;
  /** The pods' bridge. */
  readonly interfaceName?: string;
}

/** Values lie within `mask`, so that the other bits stay the CNI's. */
export interface Marks {
  readonly mask: number;
  /** Routes a packet to a local socket (`ip rule fwmark`). */
  readonly redirect: number;
  /** Envoy sets it on its upstream sockets (original_src). */
  readonly upstream: number;
}

export interface ListenerPorts {
  readonly tcp: number;
  readonly http: number;
}

export interface NodeTableOptions {
  readonly family: 'ip' | 'ip6';
  readonly pods: PodDetector;
  readonly marks: Marks;
  readonly listeners: ListenerPorts;
}

/** What never changes while the agent runs. */
export interface NodeTable {
  readonly name: TableName;
  readonly sets: readonly ElementSet[];
  readonly chains: readonly Chain[];
  readonly podCidrs: { readonly set: ElementSet; readonly elements: readonly Element[] };
}

/**
 * Source ports of Envoy's connections on the wire: outside the range that Linux takes ports from by default, so that they
 * never collide with a connection that the client itself has with the same endpoint, and can be recognised by the port.
 */
const envoyPorts = { from: 61_000, to: 65_535 };
const otherPorts = { from: 1_024, to: 60_999 };

export const tableName = 'fairlead';

export interface NodeSets {
  readonly pods: ElementSet;
  /** Every cluster IP, whatever its ports. */
  readonly clusterIps: ElementSet;
  /** Service addresses that Envoy takes, to the chain of the listener. */
  readonly capture: ElementSet;
  /** The gates of Envoy's listeners: open while it holds `tcp`. */
  readonly openTcp: ElementSet;
  readonly openHttp: ElementSet;
  /** What Envoy takes even while its gate is closed. */
  readonly known: ElementSet;
  /** Service address to the chain for its number of endpoints. */
  readonly services: ElementSet;
  /** Service addresses that are refused or dropped. */
  readonly unserved: ElementSet;
  /** Endpoint address twice: a pod that reaches itself through a Service. */
  readonly hairpin: ElementSet;
}

function addressType(family: 'ip' | 'ip6'): string {
  return family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
}

export function nodeSets(family: 'ip' | 'ip6'): NodeSets {
  const address = addressType(family);
  const service = `${address} . inet_proto . inet_service`;
  return {
    pods: { name: 'pods', key: address, flags: ['interval'], autoMerge: true },
    clusterIps: { name: 'cluster-ips', key: address },
    capture: { name: 'capture', key: `${address} . inet_service`, value: 'verdict' },
    openTcp: { name: 'open-tcp', key: 'inet_proto' },
    openHttp: { name: 'open-http', key: 'inet_proto' },
    known: { name: 'known', key: `${address} . inet_service` },
    services: { name: 'services', key: service, value: 'verdict' },
    unserved: { name: 'unserved', key: service, value: 'verdict' },
    hairpin: { name: 'hairpin', key: `${address} . ${address}` },
  };
}

/**
 * Service address to the endpoint in this slot. One map for each slot: a random number in the key would do with one map,
 * but its type has no name, and with `typeof` nft 1.0.6 puts a match on TCP into rules that use the map.
 */
export function slotMap(family: 'ip' | 'ip6', slot: number): ElementSet {
  const address = addressType(family);
  return {
    name: `endpoints-${slot}`,
    key: `${address} . inet_proto . inet_service`,
    value: `${address} . inet_service`,
  };
}

const serviceKey = (family: 'ip' | 'ip6') => [destination(family), protocol, destinationPort];

export function slotChain(family: 'ip' | 'ip6', slot: number): Chain {
  const to = mapped(serviceKey(family), `endpoints-${slot}`);
  return { name: `slot-${slot}`, rules: [[{ kind: 'Dnat', family, to }]] };
}

/** The chain that picks one of `count` slots; there is one for each count above 1 that occurs. */
export function pickChain(count: number): Chain {
  const verdicts = Array.from({ length: count }, (_none, slot) => ({ kind: 'Goto', chain: `slot-${slot}` }) as const);
  const selector = { kind: 'Random', modulus: count } as const;
  return { name: pickChainName(count), rules: [[{ kind: 'VerdictChoice', selector, verdicts }]] };
}

export function pickChainName(count: number): string {
  return count === 1 ? 'slot-0' : `pick-${count}`;
}

export function nodeTable(options: NodeTableOptions): NodeTable {
  const sets = nodeSets(options.family);
  return {
    name: { family: options.family, name: tableName },
    sets: Object.values(sets),
    chains: [
      ...listenerChains(options),
      ...captureChains(options),
      ...serviceChains(options),
      ...filterChains(options),
    ],
    podCidrs: { set: sets.pods, elements: options.pods.cidrs.map((key) => ({ key })) },
  };
}

/**
 * `tproxy` ends its rule where no socket listens: the mark is not set, and the packet continues to DNAT. That is what
 * keeps traffic flowing while Envoy is away.
 */
function listenerChains({ family, marks, listeners }: NodeTableOptions): readonly Chain[] {
  return (['tcp', 'http'] as const).flatMap((listener): Chain[] => [
    {
      name: `to-${listener}`,
      rules: [[isTcp, { kind: 'Tproxy', port: listeners[listener] }, setMark(marks, marks.redirect), accept]],
    },
    {
      name: `envoy-${listener}`,
      rules: [
        [isIn([protocol], `open-${listener}`), goTo(`to-${listener}`)],
        [isIn([destination(family), destinationPort], 'known'), goTo(`to-${listener}`)],
      ],
    },
  ]);
}

function captureChains(options: NodeTableOptions): readonly Chain[] {
  const { family } = options;
  const fromPods = podMatch(options);
  // Only new connections: one that the kernel balances stays in the kernel when a gate opens. Its packets would
  // reach the listener, which does not know the connection and answers with a reset.
  const toListener = verdictOf([destination(family), tcpDestinationPort], 'capture');
  const capture = [isNew, hasDnat(false), ...fromPods, toListener];
  return [
    {
      name: 'divert',
      hook: { type: 'filter', hook: 'prerouting', priority: 'mangle' },
      rules: fromPods.length === 0 ? [] : [capture],
    },
    {
      name: 'to-sockets',
      // Behind NAT: a reply has its socket's own address and port only there. (For IPv6 the kernel looks through NAT
      // by itself only from 6.15.)
      hook: { type: 'filter', hook: 'prerouting', priority: 'dstnat + 10' },
      rules: socketRules(options),
    },
    {
      name: 'to-sockets-out',
      hook: { type: 'route', hook: 'output', priority: '-90' },
      rules: [ownNodeRule(options)],
    },
  ];
}

const replyPort = { kind: 'CtPort', direction: 'reply', side: 'destination' } as const;
const isReplyToEnvoy: Rule = [
  isTcp,
  isReply,
  { kind: 'Compare', selector: replyPort, operator: '==', value: envoyPorts },
];

/**
 * What belongs to a connection of Envoy. Matching a socket alone is not enough: Envoy's upstream sockets have clients'
 * addresses, and a port that the client itself may use at the same time for a connection through the kernel.
 */
function socketRules({ family, marks }: NodeTableOptions): readonly Rule[] {
  const isTransparent: Expression = equals({ kind: 'SocketTransparent' }, 1);
  const toSocket = [isTransparent, setMark(marks, marks.redirect), accept];
  return [
    [hasMark(marks, marks.redirect), accept],
    [isTcp, isEstablished, isIn([destination(family)], 'cluster-ips'), ...toSocket],
    [...isReplyToEnvoy, ...toSocket],
  ];
}

/**
 * An endpoint with the node's own address (a pod in the node's network) answers Envoy in the output hook, and to the
 * client's address, which would lead out to the client. The source ports of an original direction are rewritten on their
 * way out only, so what is answered here began on this node.
 */
function ownNodeRule({ marks }: NodeTableOptions): Rule {
  const isTranslated: Expression = { kind: 'Flag', of: 'status', flag: 'snat', isSet: true };
  return [isTranslated, ...isReplyToEnvoy, setMark(marks, marks.redirect)];
}

function serviceChains(options: NodeTableOptions): readonly Chain[] {
  const { family, marks } = options;
  const balance = [verdictOf(serviceKey(family), 'services')];
  const toItself: Expression = { kind: 'Dnat', family, to: selected(destination(family)) };
  return [
    {
      name: 'services-in',
      // Before kube-proxy's chain, where both run. The first chain that translates a connection settles it, so what Envoy
      // takes is translated to the address that it has: kube-proxy would take the cluster IP out of it.
      hook: { type: 'nat', hook: 'prerouting', priority: 'dstnat - 5' },
      rules: [[hasMark(marks, marks.redirect), isTcp, toItself], balance],
    },
    { name: 'services-out', hook: { type: 'nat', hook: 'output', priority: '-100' }, rules: [balance] },
    { name: 'source', hook: { type: 'nat', hook: 'postrouting', priority: 'srcnat' }, rules: sourceRules(options) },
    {
      name: 'restore-mark',
      hook: { type: 'filter', hook: 'postrouting', priority: 'srcnat + 10' },
      rules: [[hasMark(marks, marks.upstream), setMark(marks, 0)]],
    },
  ];
}

function sourceRules(options: NodeTableOptions): readonly Rule[] {
  const { family, marks } = options;
  const hairpin = isIn([source(family), destination(family)], 'hairpin');
  const upstream = [hasMark(marks, marks.upstream), isTcp];
  const original = { kind: 'CtAddress', direction: 'original', family, side: 'destination' } as const;
  const toService = [hasDnat(true), isIn([original], 'cluster-ips')];
  return [
    [...upstream, hairpin, { kind: 'Masquerade', isFullyRandom: false, ports: envoyPorts }],
    [isTcp, hairpin, { kind: 'Masquerade', isFullyRandom: true, ports: otherPorts }],
    [hairpin, masquerade],
    [...upstream, { kind: 'Snat', ports: envoyPorts }],
    ...notPodMatches(options).map((notPod) => [...toService, notPod, masquerade]),
  ];
}

/** Only new connections are refused: established ones continue when their Service changes. */
function filterChains({ family }: NodeTableOptions): readonly Chain[] {
  const isClusterIp = isIn([destination(family)], 'cluster-ips');
  const unserved = [isNew, verdictOf(serviceKey(family), 'unserved')];
  const undefinedPort = [isNew, isClusterIp, goTo('refuse')];
  // Its Envoy is gone: what the kernel balances has an endpoint's address at this point.
  const orphan = [isClusterIp, isTcp, resetTcp];
  const hook = (name: Hook['hook']): Hook => ({ type: 'filter', hook: name, priority: 'filter' });
  return [
    // The kernel limits how many ICMP errors it sends to one client, but not resets.
    { name: 'refuse', rules: [[isTcp, resetTcp], [rejectAny]] },
    { name: 'filter-in', hook: hook('input'), rules: [unserved] },
    { name: 'filter-forward', hook: hook('forward'), rules: [unserved, undefinedPort, orphan] },
    { name: 'filter-out', hook: hook('output'), rules: [unserved, undefinedPort] },
  ];
}

const incoming = { kind: 'Meta', key: 'iifname' } as const;

/** Empty: pods cannot be told from others. */
function podMatch({ family, pods }: NodeTableOptions): readonly Expression[] {
  return [
    ...(pods.cidrs.length > 0 ? [isIn([source(family)], 'pods')] : []),
    ...(pods.interfacePrefix === undefined ? [] : [equals(incoming, `${pods.interfacePrefix}*`)]),
    ...(pods.interfaceName === undefined ? [] : [equals(incoming, pods.interfaceName)]),
  ];
}

/** The negation of podMatch: each of these alone says that a packet is not from a pod. */
function notPodMatches({ family, pods }: NodeTableOptions): readonly Expression[] {
  return [
    ...(pods.cidrs.length > 0 ? [isNotIn([source(family)], 'pods')] : []),
    ...(pods.interfacePrefix === undefined ? [] : [differs(incoming, `${pods.interfacePrefix}*`)]),
    ...(pods.interfaceName === undefined ? [] : [differs(incoming, pods.interfaceName)]),
  ];
}

function hasMark({ mask }: Marks, value: number): Expression {
  return hasBits(packetMark, mask, value);
}

function setMark({ mask }: Marks, value: number): Expression {
  return { kind: 'SetMark', of: 'meta', mask, value };
}
