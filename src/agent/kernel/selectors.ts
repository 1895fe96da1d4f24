import type { Marks } from '../../base/marks.ts';
import {
  connectionMark,
  destination,
  destinationPort,
  hasBits,
  packetMark,
  protocol,
} from '../../nftables/build-rule.ts';
import type { Expression, Key, MaskableSelector, PacketFamily, Source } from '../../nftables/rule.ts';

/** Address, protocol and port of a frontend. */
export function frontendKey(family: PacketFamily): Key {
  return [destination(family), protocol, destinationPort];
}

/**
 * The one register of 32 bits that nft 1.0.6 can write and read within a rule set: it holds the number of an endpoint set, then
 * that of an endpoint, while the first packet of a connection is balanced. Marks belong to the CNI; the priority of a packet is
 * overwritten anyway when it is forwarded (IPv4), and is 0 unless a process of the node set SO_PRIORITY.
 */
export const priority: MaskableSelector = { kind: 'Meta', key: 'priority' };

export function setPriority(to: Source): Expression {
  return { kind: 'SetPriority', to };
}

export function hasPacketMark({ mask }: Marks, value: number): Expression {
  return hasBits(packetMark, mask, value);
}

export function hasConnectionMark({ mask }: Marks, value: number): Expression {
  return hasBits(connectionMark, mask, value);
}

export function markPacket({ mask }: Marks, value: number): Expression {
  return { kind: 'SetMark', of: 'meta', mask, value };
}

export function markConnection({ mask }: Marks, value: number): Expression {
  return { kind: 'SetMark', of: 'ct', mask, value };
}
