import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeKernel } from '../../test/support/fake-kernel.ts';
import { ElementStore } from './element-store.ts';
import { Transaction } from './transaction.ts';

const table = { family: 'ip', name: 't' } as const;
const map = { name: 'm', key: 'ipv4_addr', value: 'ipv4_addr' };

const step = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    key: fc.integer({ max: 5, min: 0 }),
    value: fc.integer({ max: 3, min: 0 }),
  }),
  fc.record({ kind: fc.constant('remove' as const), key: fc.integer({ max: 5, min: 0 }) }),
  fc.record({ kind: fc.constant('send' as const) }),
);

describe('an element store', () => {
  it('sends exactly the differences, whatever happens in between', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const kernel = new FakeKernel();
        const store = new ElementStore(map);
        const wanted = new Map<string, string>();
        kernel.run(new Transaction(table).add({ kind: 'ReplaceTable' }).add({ kind: 'AddSet', set: map }));
        store.markSent();
        for (const action of [...steps, { kind: 'send' } as const]) {
          if (action.kind === 'put') {
            store.put(`k${action.key}`, `v${action.value}`);
            wanted.set(`k${action.key}`, `v${action.value}`);
          } else if (action.kind === 'remove') {
            store.remove(`k${action.key}`);
            wanted.delete(`k${action.key}`);
          } else {
            const transaction = new Transaction(table);
            store.deleteStale(transaction);
            store.addStale(transaction);
            kernel.run(transaction);
            store.markSent();
            expect(kernel.elements('ip t').get('m') ?? new Map()).toEqual(wanted);
          }
        }
      }),
    );
  });

  it('has nothing to say about what came and went again', () => {
    const store = new ElementStore(map);
    store.markSent();
    store.put('a', '1');
    store.remove('a');
    expect(store.staleCount).toBe(0);
  });

  it('makes a set hold exactly the keys given', () => {
    const store = new ElementStore({ name: 's', key: 'ipv4_addr' });
    store.put('a');
    store.replaceKeys(new Set(['b', 'c']));
    expect([...store.keys()].sort()).toEqual(['b', 'c']);
  });
});
