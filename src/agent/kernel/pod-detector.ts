import { differs, equals, isIn, isNotIn, source } from '../../nftables/build-rule.ts';
import type { Expression, PacketFamily, Selector } from '../../nftables/rule.ts';

/**
 * How packets of this node's pods are recognised: by addresses (kube-proxy's ClusterCIDR and NodeCIDR), by the interface that
 * they come from (BridgeInterface, InterfaceNamePrefix), or by both, which must then both hold. Nothing given: they are not.
 */
export interface PodDetector {
  /** Of the table's family; empty: not asked. */
  readonly cidrs: readonly string[];
  readonly interfaces?: PodInterfaces;
  /** Addresses are asked for although there are no CIDRs yet: they come from the node's object. */
  readonly isByAddress?: boolean;
}

/** All interfaces whose names begin with a text, such as `cali`, or one interface, such as the bridge `cbr0`. */
export type PodInterfaces = { readonly kind: 'Prefix' | 'Name'; readonly text: string };

const incoming: Selector = { kind: 'Meta', key: 'iifname' };

/** Holds for packets of pods. Empty without a detector. */
export function podMatch(
  family: PacketFamily,
  { cidrs, interfaces, isByAddress = cidrs.length > 0 }: PodDetector,
): readonly Expression[] {
  return [
    ...(isByAddress ? [isIn([source(family)], 'pods')] : []),
    ...(interfaces === undefined ? [] : [equals(incoming, patternOf(interfaces))]),
  ];
}

/** The negation of podMatch: each of these alone says that a packet is not of a pod. */
export function notPodMatches(
  family: PacketFamily,
  { cidrs, interfaces, isByAddress = cidrs.length > 0 }: PodDetector,
): readonly Expression[] {
  return [
    ...(isByAddress ? [isNotIn([source(family)], 'pods')] : []),
    ...(interfaces === undefined ? [] : [differs(incoming, patternOf(interfaces))]),
  ];
}

function patternOf({ kind, text }: PodInterfaces): string {
  return kind === 'Prefix' ? `${text}*` : text;
}
