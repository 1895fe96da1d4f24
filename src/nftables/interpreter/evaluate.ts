import ipaddr from 'ipaddr.js';
import type { Key, Selector, Side, Value } from '../rule.ts';
import { classidText } from '../rule-text.ts';
import type { Flight } from './flight.ts';
import type { Tuple } from './packet.ts';

/** What a selector reads; undefined: the packet does not have it, which ends the rule. */
export type Evaluated = string | number | undefined;

export function evaluate(selector: Selector, flight: Flight): Evaluated {
  const { packet, connection } = flight;
  switch (selector.kind) {
    case 'Address':
      return packet.family === selector.family ? addressOf(packet, selector.side) : undefined;
    case 'AddressTail':
      return packet.family === 'ip6' ? tailOf(addressOf(packet, selector.side)) : undefined;
    case 'Port':
      if (selector.header !== 'th' && selector.header !== packet.protocol) return undefined;
      return portOf(packet, selector.side);
    case 'Meta':
      return metaOf(selector.key, flight);
    case 'Ct':
      return connection[selector.key];
    case 'CtAddress':
      return packet.family === selector.family ? addressOf(connection[selector.direction], selector.side) : undefined;
    case 'CtPort':
      return portOf(connection[selector.direction], selector.side);
    case 'FibType':
      return flight.host.isLocal(addressOf(packet, selector.side)) ? 'local' : 'unicast';
    case 'Random':
      return flight.host.random(selector.modulus);
    case 'Masked':
      return masked(evaluate(selector.of, flight), selector.mask);
  }
}

/** The parts of a key as nft writes them in elements. */
export function evaluateKey(key: Key, flight: Flight): readonly string[] | undefined {
  const parts = key.map((selector) => elementPart(selector, evaluate(selector, flight)));
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

export function elementPart(selector: Selector, value: Evaluated): string | undefined {
  if (value === undefined) return undefined;
  const read = selector.kind === 'Masked' ? selector.of : selector;
  return read.kind === 'Meta' && read.key === 'priority' ? classidText(Number(value)) : String(value);
}

/** The last 96 bits, as nft writes an integer. */
function tailOf(address: string): string {
  const bytes = ipaddr.parse(address).toByteArray().slice(4);
  return `0x${Buffer.from(bytes)
    .toString('hex')
    .replace(/^0+(?=.)/, '')}`;
}

/** Whether `actual` is, or lies in, what a rule compares it with. */
export function isValue(actual: string | number, expected: Value): boolean {
  if (typeof expected === 'object') return Number(actual) >= expected.from && Number(actual) <= expected.to;
  if (typeof expected === 'string' && expected.endsWith('*')) return String(actual).startsWith(expected.slice(0, -1));
  return actual === expected;
}

type MetaKey = Extract<Selector, { readonly kind: 'Meta' }>['key'];

function metaOf(key: MetaKey, { packet, mark, priority, outgoing }: Flight): Evaluated {
  switch (key) {
    case 'mark':
      return mark;
    case 'priority':
      return priority;
    case 'l4proto':
      return packet.protocol;
    case 'iifname':
      // Of what the host sends itself it is empty, which no comparison for equality matches.
      return packet.incoming ?? '';
    case 'oifname':
      return outgoing ?? '';
  }
}

function masked(value: Evaluated, mask: number): Evaluated {
  return typeof value === 'number' ? (value & mask) >>> 0 : undefined;
}

function addressOf(tuple: Tuple, side: Side): string {
  return side === 'source' ? tuple.source : tuple.destination;
}

function portOf(tuple: Tuple, side: Side): number | undefined {
  return side === 'source' ? tuple.sourcePort : tuple.destinationPort;
}
