import type { Marks } from '../../base/marks.ts';
import {
  accept,
  destination,
  drop,
  equals,
  goTo,
  hasDnat,
  isIn,
  isNotIn,
  isTcp,
  jumpTo,
  mapped,
  masquerade,
  protocol,
  returns,
  selected,
  source,
  verdictOf,
} from '../../nftables/build-rule.ts';
import type { Chain } from '../../nftables/objects.ts';
import type { Expression, PacketFamily, Rule } from '../../nftables/rule.ts';
import { notPodMatches, podMatch } from './pod-detector.ts';
import {
  frontendKey,
  hasConnectionMark,
  hasPacketMark,
  markConnection,
  markPacket,
  priority,
  setPriority,
} from './selectors.ts';
import type { NodeTableOptions } from './table-options.ts';

/** Names of the chains for policies: which endpoint set a connection uses. */
export type PolicyName = 'cluster' | 'local';

const policies: readonly PolicyName[] = ['cluster', 'local'];

/** What gives a new connection its endpoint, and its source address. */
export function balanceChains(options: NodeTableOptions): readonly Chain[] {
  const { family, marks } = options;
  const frontends: readonly Rule[] = [
    [isIn(frontendKey(family), 'firewalled'), jumpTo('source-check')],
    [verdictOf(frontendKey(family), 'services')],
  ];
  return [
    sourceCheck(family),
    ...policies.map((policy) => toSet(family, policy)),
    ...policies.flatMap((policy) => [internal(options, policy), closed(options, policy)]),
    { name: 'external-cluster', rules: [[markConnection(marks, marks.masquerade), goTo('to-cluster')]] },
    externalLocal(options),
    {
      name: 'services-in',
      // Before kube-proxy's chain, where both run. The first chain that translates a connection settles it, so what Envoy
      // takes is translated to the address that it has: kube-proxy would take the cluster IP out of it.
      hook: { type: 'nat', hook: 'prerouting', priority: 'dstnat - 5' },
      rules: [[hasPacketMark(marks, marks.redirect), isTcp, toItself(family)], ...frontends],
    },
    {
      name: 'services-out',
      hook: { type: 'nat', hook: 'output', priority: '-100' },
      rules: [[hasPacketMark(marks, marks.upstream), accept], ...frontends],
    },
    { name: 'source', hook: { type: 'nat', hook: 'postrouting', priority: 'srcnat' }, rules: sourceRules(options) },
  ];
}

function toItself(family: PacketFamily): Expression {
  return { kind: 'Dnat', family, to: selected(destination(family)) };
}

/** Ranges are of load balancers' addresses; the order of the key is that of the set. */
function sourceCheck(family: PacketFamily): Chain {
  return {
    name: 'source-check',
    rules: [[isIn([...frontendKey(family), source(family)], 'allowed'), returns], [drop]],
  };
}

/** To the endpoint that the client stays with, if it may still be used, or else to a random one. */
function toSet(family: PacketFamily, policy: PolicyName): Chain {
  return {
    name: `to-${policy}`,
    rules: [
      [isIn([priority], `live-${policy}`), toEndpoint(family, 'pinned')],
      [setPriority(mapped(frontendKey(family), `${policy}-sets`))],
      [verdictOf([priority], 'endpoint-counts')],
    ],
  };
}

function toEndpoint(family: PacketFamily, map: string): Expression {
  return { kind: 'Dnat', family, to: mapped([priority, protocol], map) };
}

/** A cluster IP: clients that are not pods of this node could not be answered with their own address. */
function internal({ family, pods, marks, masqueradeAll }: NodeTableOptions, policy: PolicyName): Chain {
  const mark = markConnection(marks, marks.masquerade);
  const marking = masqueradeAll === true ? [[mark]] : notPodMatches(family, pods).map((notPod) => [notPod, mark]);
  return { name: `internal-${policy}`, rules: [...marking, [goTo(`to-${policy}`)]] };
}

/** A cluster IP that is refused while Envoy is away: what Envoy would have taken is not balanced here. */
function closed({ family, pods }: NodeTableOptions, policy: PolicyName): Chain {
  const fromPods = podMatch(family, pods);
  const isRedirectable = isNotIn([source(family)], 'kernel-path-pods');
  const refusal = fromPods.length === 0 ? [] : [[...fromPods, isRedirectable, returns]];
  return { name: `closed-${policy}`, rules: [...refusal, [goTo(`internal-${policy}`)]] };
}

/**
 * externalTrafficPolicy Local binds connections from outside only: pods and the node itself use all endpoints, as they would
 * if they had asked for the cluster IP.
 */
function externalLocal({ family, pods, marks }: NodeTableOptions): Chain {
  const fromPods = podMatch(family, pods);
  const isOwn = equals({ kind: 'FibType', side: 'source' }, 'local');
  return {
    name: 'external-local',
    rules: [
      ...(fromPods.length === 0 ? [] : [[...fromPods, goTo('to-cluster')]]),
      [isOwn, markConnection(marks, marks.masquerade), goTo('to-cluster')],
      [goTo('to-local')],
    ],
  };
}

function sourceRules({ family, marks, masqueradeAll }: NodeTableOptions): readonly Rule[] {
  const hairpin = isIn([source(family), destination(family)], 'hairpin');
  const upstream = [hasPacketMark(marks, marks.upstream), isTcp];
  return [
    [...upstream, ...(masqueradeAll === true ? [] : [hairpin]), masquerade],
    [hasDnat(true), hairpin, masquerade],
    [hasDnat(true), hasConnectionMark(marks, marks.masquerade), masquerade],
  ];
}

/** Chain of one slot. Sets whose clients stay with an endpoint are in the second map, which leads to the endpoint's number. */
export function slotChain(family: PacketFamily, marks: Marks, slot: number): Chain {
  return {
    name: slotChainName(slot),
    rules: [
      [toEndpoint(family, `endpoints-${slot}`)],
      [setPriority(mapped([priority], `pins-${slot}`)), markPacket(marks, marks.chosen), toEndpoint(family, 'pinned')],
    ],
  };
}

export function slotChainName(slot: number): string {
  return `slot-${slot}`;
}

/** The chain that picks one of `count` slots; there is one for each count above 1 that occurs. */
export function pickChain(count: number): Chain {
  return { name: pickChainName(count), rules: [[verdictOf([{ kind: 'Random', modulus: count }], 'slots')]] };
}

export function pickChainName(count: number): string {
  return count === 1 ? slotChainName(0) : `pick-${count}`;
}
