import { describe, expect, it } from 'vitest';
import {
  accept,
  connectionMark,
  destination,
  destinationPort,
  differs,
  equals,
  goTo,
  hasBits,
  hasDnat,
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
} from './build-rule.ts';
import type { Expression, Rule, Selector } from './rule.ts';
import { classidText, ruleText, verdictText } from './rule-text.ts';

const priority: Selector = { kind: 'Meta', key: 'priority' };
const service = [destination('ip'), protocol, destinationPort];
const masked: Selector = { kind: 'Masked', of: { kind: 'Meta', key: 'priority' }, mask: 0xffff_0000 };
const mark = (of: 'meta' | 'ct', value: number): Expression => ({ kind: 'SetMark', of, mask: 0x3000, value });

const cases: readonly [rule: Rule, text: string][] = [
  [
    [isNew, hasDnat(false), verdictOf([destination('ip'), tcpDestinationPort], 'capture')],
    'ct state new ct status ! dnat ip daddr . tcp dport vmap @capture',
  ],
  [
    [hasBits(packetMark, 0x3000, 0x1000), isTcp, { kind: 'Dnat', family: 'ip', to: selected(destination('ip')) }],
    'meta mark & 0x3000 == 0x1000 meta l4proto tcp dnat ip to ip daddr',
  ],
  [
    [isTcp, { kind: 'Tproxy', port: 15_001 }, mark('meta', 0x1000), mark('ct', 0x1000), accept],
    'meta l4proto tcp tproxy to :15001 meta mark set meta mark & 0xffffcfff | 0x1000 ct mark set ct mark & 0xffffcfff | 0x1000 accept',
  ],
  [
    [hasBits(connectionMark, 0x3000, 0x2000), isReply, goTo('x')],
    'ct mark & 0x3000 == 0x2000 ct direction reply goto x',
  ],
  [
    [{ kind: 'Dnat', family: 'ip6', to: mapped([priority, protocol], 'endpoints-3') }],
    'dnat ip6 to meta priority . meta l4proto map @endpoints-3',
  ],
  [
    [{ kind: 'SetPriority', to: mapped(service, 'cluster-sets') }],
    'meta priority set ip daddr . meta l4proto . th dport map @cluster-sets',
  ],
  [[{ kind: 'SetPriority', to: { kind: 'Constant', value: 0x12_0003 } }], 'meta priority set 12:3'],
  [
    [
      {
        kind: 'ChangeElement',
        operation: 'update',
        set: 'a',
        key: [source('ip'), masked],
        timeoutSeconds: 5,
        value: priority,
      },
    ],
    'update @a { ip saddr . meta priority & 0xffff0000 timeout 5s : meta priority }',
  ],
  [[isIn([{ kind: 'AddressTail', side: 'source' }], 'c')], '@nh,96,96 @c'],
  [[{ kind: 'ChangeElement', operation: 'add', set: 'a', key: [source('ip6')] }], 'add @a { ip6 saddr }'],
  [
    [isIn([source('ip'), destination('ip')], 'hairpin'), masquerade],
    'ip saddr . ip daddr @hairpin masquerade fully-random',
  ],
  [[isNotIn([source('ip')], 'pods'), resetTcp], 'ip saddr != @pods reject with tcp reset'],
  [[equals({ kind: 'Meta', key: 'iifname' }, 'cali*'), rejectAny], 'iifname "cali*" reject'],
  [[differs({ kind: 'Meta', key: 'oifname' }, 'cbr0')], 'oifname != "cbr0"'],
  [[equals({ kind: 'FibType', side: 'source' }, 'local'), { kind: 'Counter' }], 'fib saddr type local counter'],
  [
    [{ kind: 'SetZone', direction: 'original', zone: 15_001 }, { kind: 'Notrack' }],
    'ct original zone set 15001 notrack',
  ],
  [
    [
      {
        kind: 'ChangeElement',
        operation: 'delete',
        set: 'a',
        key: [source('ip')],
        value: priority,
      },
    ],
    'delete @a { ip saddr : meta priority }',
  ],
];

describe('the text of rules', () => {
  it.each(cases)('%#: is what nft takes', (rule, text) => {
    expect(ruleText(rule)).toBe(text);
  });

  it('of a verdict is the same in an element', () => {
    expect(verdictText({ kind: 'Jump', chain: 'source-check' })).toBe('jump source-check');
    expect(verdictText({ kind: 'Return' })).toBe('return');
  });

  it('of a classid is hexadecimal in two halves', () => {
    expect(classidText(0xffff_0010)).toBe('ffff:10');
  });
});
