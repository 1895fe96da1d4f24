import type { Marks } from '../../base/marks.ts';
import { goTo, hasDnat, isNew, mapped, source, verdictOf } from '../../nftables/build-rule.ts';
import type { Chain, TableName } from '../../nftables/objects.ts';
import type { Expression, PacketFamily, Selector } from '../../nftables/rule.ts';
import { frontendKey, hasPacketMark, markPacket, priority, setPriority } from './selectors.ts';
import { affinityTableName } from './table-options.ts';

/** The half of an endpoint's number that is its Service port's. */
const portMask = 0xffff_0000;

export function affinityTable(family: PacketFamily): TableName {
  return { family, name: affinityTableName };
}

/**
 * What finds the endpoint that a client stays with, before DNAT, and what remembers it, behind. Between the two the number of the
 * endpoint is the packet's priority.
 */
export function affinityChains(family: PacketFamily, marks: Marks): readonly Chain[] {
  const find = [
    [setPriority(mapped(frontendKey(family), 'affinity-ports'))],
    [setPriority(mapped([client(family), priority], 'clients'))],
  ];
  const remember = [[isNew, hasDnat(true), goTo('remember')]];
  return [
    { name: 'remember', rules: rememberRules(family, marks) },
    { name: 'find-in', hook: { type: 'nat', hook: 'prerouting', priority: 'dstnat - 6' }, rules: find },
    { name: 'find-out', hook: { type: 'nat', hook: 'output', priority: '-106' }, rules: find },
    { name: 'remember-in', hook: { type: 'filter', hook: 'prerouting', priority: 'dstnat + 5' }, rules: remember },
    { name: 'remember-out', hook: { type: 'filter', hook: 'output', priority: '-95' }, rules: remember },
  ];
}

/**
 * The address of a client. Of IPv6 without the first 32 bits, which are those of a provider's or a site's range: nft 1.0.6 lets
 * the value of a map overwrite what a key has behind its first 16 bytes.
 */
function client(family: PacketFamily): Selector {
  return family === 'ip' ? source('ip') : { kind: 'AddressTail', side: 'source' };
}

const port: Selector = { kind: 'Masked', of: priority, mask: portMask };

/** `update` leaves the value of an element that is there, so an endpoint that may not be used any more must go first. */
function rememberRules(family: PacketFamily, marks: Marks) {
  return [
    [hasPacketMark(marks, marks.chosen), change(family, 'delete'), markPacket(marks, 0)],
    [verdictOf([port], 'affinity-timeouts')],
    [setPriority({ kind: 'Constant', value: 0 })],
  ];
}

/** There is one for each time-out that occurs. */
export function rememberChain(family: PacketFamily, timeoutSeconds: number): Chain {
  return { name: rememberChainName(timeoutSeconds), rules: [[change(family, 'update', timeoutSeconds)]] };
}

export function rememberChainName(timeoutSeconds: number): string {
  return `remember-${timeoutSeconds}`;
}

function change(family: PacketFamily, operation: 'update' | 'delete', timeoutSeconds?: number): Expression {
  return {
    kind: 'ChangeElement',
    operation,
    set: 'clients',
    key: [client(family), port],
    value: priority,
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
}
