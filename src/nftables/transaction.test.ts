import { describe, expect, it } from 'vitest';
import { rejectAny } from './build-rule.ts';
import { Transaction } from './transaction.ts';

const table = { family: 'ip', name: 'fairlead' } as const;
const services = { name: 'services', key: 'ipv4_addr . inet_service', value: 'verdict' };

describe('a transaction as nft text', () => {
  it('replaces a table whether or not it is there', () => {
    expect(new Transaction(table).add({ kind: 'ReplaceTable' }).toText()).toBe(
      'add table ip fairlead\ndelete table ip fairlead\nadd table ip fairlead\n',
    );
  });

  it('prints sets, maps, chains, rules and elements, a command a line', () => {
    const transaction = new Transaction(table)
      .add({ kind: 'AddSet', set: { name: 'pods', key: 'ipv4_addr', flags: ['interval'], autoMerge: true, size: 9 } })
      .add({ kind: 'AddSet', set: services })
      .add({ kind: 'AddChain', chain: { name: 'refuse', rules: [[rejectAny]] } })
      .add({
        kind: 'AddChain',
        chain: { name: 'in', hook: { type: 'nat', hook: 'prerouting', priority: 'dstnat' }, rules: [] },
      })
      .add({ kind: 'DeleteElements', set: services, keys: ['10.0.0.1 . 80', '10.0.0.2 . 80'] })
      .add({ kind: 'AddElements', set: services, elements: [{ key: '10.0.0.1 . 80', value: 'goto refuse' }] });
    expect(transaction.toText().split('\n')).toEqual([
      'add set ip fairlead pods { type ipv4_addr; flags interval; auto-merge; size 9; }',
      'add map ip fairlead services { type ipv4_addr . inet_service : verdict; }',
      'add chain ip fairlead refuse',
      'add rule ip fairlead refuse reject',
      'add chain ip fairlead in { type nat hook prerouting priority dstnat; policy accept; }',
      'delete element ip fairlead services { 10.0.0.1 . 80, 10.0.0.2 . 80 }',
      'add element ip fairlead services { 10.0.0.1 . 80 : goto refuse }',
      '',
    ]);
    expect(transaction.elementCount).toBe(3);
  });

  it('is empty without operations, and with empty ones', () => {
    const transaction = new Transaction(table)
      .add({ kind: 'AddElements', set: services, elements: [] })
      .add({ kind: 'DeleteElements', set: services, keys: [] });
    expect(transaction.isEmpty).toBe(true);
    expect(transaction.toText()).toBe('');
  });

  it('splits many elements over commands', () => {
    const keys = Array.from({ length: 250 }, (_none, index) => `10.0.0.1 . ${index}`);
    const lines = new Transaction(table)
      .add({ kind: 'DeleteElements', set: services, keys })
      .toText()
      .trim()
      .split('\n');
    expect(lines.map((line) => line.split(', ').length)).toEqual([100, 100, 50]);
  });
});
