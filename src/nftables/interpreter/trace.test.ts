import { expect, test } from 'vitest';
import {
  accept,
  destination,
  destinationPort,
  equals,
  goTo,
  hasBits,
  hasDnat,
  isIn,
  isNew,
  isTcp,
  mapped,
  masquerade,
  packetMark,
  protocol,
  rejectAny,
  source,
  verdictOf,
} from '../build-rule.ts';
import type { Chain } from '../objects.ts';
import type { Expression } from '../rule.ts';
import type { SetContent, TableContent } from './content.ts';
import type { Host } from './flight.ts';
import { priorityOf } from './hooks.ts';
import { outcomes } from './outcomes.ts';
import type { Packet } from './packet.ts';
import { trace } from './trace.ts';

const key = [destination('ip'), protocol, destinationPort];
const redirectMark = 0x1000;
const mark: Expression = { kind: 'SetMark', of: 'meta', mask: 0x3000, value: redirectMark };

function set(name: string, elements: Readonly<Record<string, string>>, flags: readonly string[] = []): SetContent {
  return { set: { name, key: 'ipv4_addr', flags }, elements: new Map(Object.entries(elements)) };
}

/** Two endpoints behind one cluster IP, a Service without endpoints, and a port that Envoy takes. */
const sets = [
  set('services', { '10.96.0.10 . tcp . 80': 'goto pick-2' }),
  set('slots', { '0': 'goto slot-0', '1': 'goto slot-1' }),
  set('capture', { '10.96.0.20 . tcp . 80': 'goto to-envoy' }),
  set('unserved', { '10.96.0.30 . tcp . 80': 'goto refuse' }),
  set('pods', { '10.244.1.0/24': '' }, ['interval']),
  set('endpoints-0', { '10.96.0.10 . tcp . 80': '10.244.1.11 . 8080' }),
  set('endpoints-1', { '10.96.0.10 . tcp . 80': '10.244.2.12 . 9090' }),
];

const picks = verdictOf([{ kind: 'Random', modulus: 2 }], 'slots');

const chains: readonly Chain[] = [
  {
    name: 'divert',
    hook: { type: 'filter', hook: 'prerouting', priority: 'mangle' },
    rules: [[isNew, isIn([source('ip')], 'pods'), verdictOf(key, 'capture')]],
  },
  { name: 'to-envoy', rules: [[isTcp, { kind: 'Tproxy', port: 15_001 }, mark, accept]] },
  {
    name: 'services-in',
    hook: { type: 'nat', hook: 'prerouting', priority: 'dstnat - 5' },
    rules: [[verdictOf(key, 'services')]],
  },
  {
    name: 'services-out',
    hook: { type: 'nat', hook: 'output', priority: '-100' },
    rules: [[verdictOf(key, 'services')]],
  },
  { name: 'pick-2', rules: [[picks]] },
  { name: 'slot-0', rules: [[{ kind: 'Dnat', family: 'ip', to: mapped(key, 'endpoints-0') }]] },
  { name: 'slot-1', rules: [[{ kind: 'Dnat', family: 'ip', to: mapped(key, 'endpoints-1') }]] },
  { name: 'refuse', rules: [[rejectAny]] },
  {
    name: 'filter-forward',
    hook: { type: 'filter', hook: 'forward', priority: 'filter' },
    rules: [[isNew, verdictOf(key, 'unserved')]],
  },
  {
    name: 'source',
    hook: { type: 'nat', hook: 'postrouting', priority: 'srcnat' },
    rules: [[hasDnat(true), { kind: 'Lookup', key: [source('ip')], set: 'pods', isIn: false }, masquerade]],
  },
];

const table: TableContent = {
  name: { family: 'ip', name: 'fairlead' },
  chains: new Map(chains.map((chain) => [chain.name, chain])),
  sets: new Map(sets.map((content) => [content.set.name, content])),
};

const host: Host = {
  isLocal: (address) => address === '192.0.2.1',
  isRoutedToSockets: (value) => value === redirectMark,
  listensAt: () => true,
  random: () => 1,
};

function fromPod(destinationAddress: string, source = '10.244.1.5'): Packet {
  const ports = { sourcePort: 40_000, destinationPort: 80 };
  return { family: 'ip', protocol: 'tcp', source, destination: destinationAddress, ...ports, incoming: 'veth1' };
}

test('translates the destination through a map, and names the elements that decided', () => {
  const { fate, packet, connection, sourceTranslation, steps } = trace({
    tables: [table],
    host,
    packet: fromPod('10.96.0.10'),
  });
  expect(fate).toEqual({ kind: 'Sent' });
  expect(packet).toMatchObject({ source: '10.244.1.5', destination: '10.244.2.12', destinationPort: 9_090 });
  expect(sourceTranslation).toEqual({ kind: 'None' });
  expect(connection).toMatchObject({ status: ['dnat'], original: { destination: '10.96.0.10' } });
  expect(steps.map(({ hook, chain, elements }) => `${hook} ${chain}: ${elements.join()}`)).toEqual([
    'prerouting services-in: services: 10.96.0.10 . tcp . 80 : goto pick-2',
    'prerouting pick-2: slots: 1 : goto slot-1',
    'prerouting slot-1: endpoints-1: 10.96.0.10 . tcp . 80 : 10.244.2.12 . 9090',
  ]);
});

test('masquerades what does not come from a pod', () => {
  const packet = fromPod('10.96.0.10', '203.0.113.9');
  expect(trace({ tables: [table], host, packet }).sourceTranslation).toEqual({ kind: 'Masquerade' });
});

test('redirects to a socket, and continues without one where none listens', () => {
  const packet = fromPod('10.96.0.20');
  expect(trace({ tables: [table], host, packet }).fate).toEqual({ kind: 'Redirected', port: 15_001 });
  const alone = { ...host, listensAt: () => false };
  expect(trace({ tables: [table], host: alone, packet }).fate).toEqual({ kind: 'Sent' });
});

test('refuses in the forward hook what has no endpoints, new connections only', () => {
  const packet = fromPod('10.96.0.30');
  const begun = trace({ tables: [table], host, packet });
  expect(begun.fate).toEqual({ kind: 'Rejected', with: 'icmp error' });
  const established = { ...begun.connection, state: 'established' as const };
  expect(trace({ tables: [table], host, packet, connection: established }).fate).toEqual({ kind: 'Sent' });
});

test("brings the host's packets to itself back through the loopback interface", () => {
  const packet: Packet = { ...fromPod('192.0.2.1', '192.0.2.1') };
  const { incoming: _incoming, ...sent } = packet;
  const { fate, steps } = trace({ tables: [table], host, packet: sent });
  expect(fate).toEqual({ kind: 'Local' });
  expect(steps).toEqual([]);
});

test('tells every outcome of random choices', () => {
  const { random: _random, ...others } = host;
  const all = outcomes({ tables: [table], host: others, packet: fromPod('10.96.0.10') });
  expect(all.map(({ packet }) => packet.destination)).toEqual(['10.244.1.11', '10.244.2.12']);
});

test('compares marks within their mask and leaves the other bits', () => {
  const chain: Chain = {
    name: 'marks',
    hook: { type: 'filter', hook: 'prerouting', priority: 'raw' },
    rules: [
      [hasBits(packetMark, 0x3000, 0), mark],
      [equals(packetMark, 0x1008), accept],
    ],
  };
  const content: TableContent = { ...table, chains: new Map([['marks', chain]]) };
  const { steps } = trace({ tables: [content], host, packet: { ...fromPod('198.51.100.1'), mark: 0x8 } });
  expect(steps.map(({ rule }) => rule)).toHaveLength(2);
});

test('what lies behind a goto is not executed, behind a jump it is', () => {
  const run = (kind: 'Goto' | 'Jump') => {
    const chain: Chain = {
      name: 'base',
      hook: { type: 'filter', hook: 'prerouting', priority: '0' },
      rules: [
        [{ kind: 'Verdict', verdict: { kind, chain: 'empty' } }],
        [{ kind: 'Verdict', verdict: { kind: 'Drop' } }],
      ],
    };
    const content: TableContent = {
      ...table,
      chains: new Map([chain, { name: 'empty', rules: [] }].map((each) => [each.name, each])),
    };
    return trace({ tables: [content], host, packet: fromPod('198.51.100.1') }).fate.kind;
  };
  expect([run('Goto'), run('Jump')]).toEqual(['Sent', 'Dropped']);
});

test.each([
  ['raw', -300],
  ['dstnat - 5', -105],
  ['srcnat + 10', 110],
  ['-90', -90],
])('reads priority %s', (text, value) => {
  expect(priorityOf(text)).toBe(value);
});

test('names a chain that is missing', () => {
  const chain: Chain = {
    name: 'base',
    hook: { type: 'filter', hook: 'prerouting', priority: '0' },
    rules: [[goTo('nowhere')]],
  };
  const content: TableContent = { ...table, chains: new Map([['base', chain]]) };
  expect(() => trace({ tables: [content], host, packet: fromPod('198.51.100.1') })).toThrow(
    'table fairlead has no chain nowhere',
  );
});
