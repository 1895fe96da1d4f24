import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aNode, anEndpoint, aService, aSlice, serviceUpdate, sliceUpdate } from '../../test/support/builders.ts';
import { ModelStore, type ModelUpdate } from './model.ts';

const serviceOf = (name: string, clusterIPs: readonly string[], createdAt = '') =>
  aService({ namespace: 'x', name, createdAt, clusterIPs });

function service(name: string, clusterIPs: readonly string[], createdAt = ''): ModelUpdate {
  return serviceUpdate(serviceOf(name, clusterIPs, createdAt));
}

function slice(name: string, serviceName: string, addresses: readonly string[] = []): ModelUpdate {
  const endpoints = addresses.map((address) => anEndpoint(address));
  return sliceUpdate(aSlice({ namespace: 'x', name, serviceName, endpoints }));
}

const without = ({ kind, key }: ModelUpdate): ModelUpdate => ({ kind, key, value: undefined });
const none = new Set<string>();
/** What `changed` is without any change. */
const nothing = {
  Service: none,
  EndpointSlice: none,
  Node: none,
  Namespace: none,
  ServiceCIDR: none,
  slicesOf: none,
  ownerOf: none,
  serviceCidrs: none,
  NetworkPolicy: none,
  OtherPolicy: none,
  Pod: none,
  kernelPathPodsOf: none,
};
const setOf = (...keys: string[]) => new Set(keys);

describe('ModelStore', () => {
  it('counts revisions and tells what differs', () => {
    const store = new ModelStore();
    expect(store.revision).toBe(0);
    const node: ModelUpdate = {
      kind: 'Node',
      key: 'n',
      value: aNode({ name: 'n', zone: 'z' }),
    };
    expect(store.apply([service('a', ['10.0.0.1']), slice('a-1', 'a'), node])).toEqual({
      revision: 1,
      changed: {
        ...nothing,
        Service: setOf('x/a'),
        EndpointSlice: setOf('x/a-1'),
        Node: setOf('n'),
        slicesOf: setOf('x/a'),
        ownerOf: setOf('10.0.0.1'),
      },
    });
    expect(store.apply([without(node)])).toEqual({ revision: 2, changed: { ...nothing, Node: setOf('n') } });
    expect(store.nodes.size).toBe(0);
  });

  it('tells nothing of what is the same, and of the deletion of what never was', () => {
    const store = new ModelStore();
    store.apply([service('a', ['10.0.0.1']), slice('a-1', 'a', ['10.1.0.1'])]);
    expect(store.apply([service('a', ['10.0.0.1']), slice('a-1', 'a', ['10.1.0.1'])])).toBeUndefined();
    expect(store.apply([without(service('b', [])), without(slice('b-1', 'b'))])).toBeUndefined();
    expect(store.apply([])).toBeUndefined();
    expect(store.revision).toBe(1);
  });

  it('gives the slices of a Service in order of name, also before the Service is known', () => {
    const store = new ModelStore();
    store.apply([slice('c', 'a'), slice('a', 'a')]);
    store.apply([slice('b', 'a'), slice('z', 'other')]);
    expect(store.slicesOf('x/a').map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    store.apply([without(slice('b', 'a'))]);
    expect(store.slicesOf('x/a').map(({ name }) => name)).toEqual(['a', 'c']);
    expect(store.slicesOf('x/nobody')).toEqual([]);
  });

  it('tells both Services when a slice moves from one to the other', () => {
    const store = new ModelStore();
    store.apply([slice('s', 'a')]);
    expect(store.slicesOf('x/a')).toHaveLength(1);
    expect(store.apply([slice('s', 'b')])?.changed.slicesOf).toEqual(setOf('x/a', 'x/b'));
    expect(store.slicesOf('x/a')).toEqual([]);
    expect(store.slicesOf('x/b')).toHaveLength(1);
  });

  it('gives the new endpoints after a slice changed', () => {
    const store = new ModelStore();
    store.apply([slice('s', 'a', ['10.1.0.1'])]);
    store.slicesOf('x/a');
    expect(store.apply([slice('s', 'a', ['10.1.0.2'])])?.changed.slicesOf).toEqual(setOf('x/a'));
    expect(store.slicesOf('x/a')[0]?.endpoints[0]?.address).toBe('10.1.0.2');
  });
});

describe('a cluster IP that two Services claim', () => {
  it('belongs to the older', () => {
    const store = new ModelStore();
    store.apply([service('a', ['10.0.0.1'], '2026-01-02T00:00:00Z')]);
    const change = store.apply([service('b', ['10.0.0.1'], '2026-01-01T00:00:00Z')]);
    expect(store.ownerOf('10.0.0.1')).toBe('x/b');
    expect(change?.changed.ownerOf).toEqual(setOf('10.0.0.1'));
  });

  it('belongs to the first by key when they are of one age', () => {
    const store = new ModelStore();
    store.apply([service('b', ['10.0.0.1']), service('a', ['10.0.0.1'])]);
    expect(store.ownerOf('10.0.0.1')).toBe('x/a');
  });

  it('goes to the other when its owner leaves or lets it go, and comes back with it', () => {
    const store = new ModelStore();
    store.apply([service('a', ['10.0.0.1', 'fd00::1']), service('b', ['10.0.0.1'])]);
    expect(ownersChangedBy(store, service('a', ['fd00::1']))).toEqual(setOf('10.0.0.1'));
    expect(store.ownerOf('10.0.0.1')).toBe('x/b');
    expect(store.ownerOf('fd00::1')).toBe('x/a');
    expect(ownersChangedBy(store, service('a', ['10.0.0.1']))).toEqual(setOf('10.0.0.1', 'fd00::1'));
    expect(store.ownerOf('fd00::1')).toBeUndefined();
    expect(ownersChangedBy(store, without(service('a', [])))).toEqual(setOf('10.0.0.1'));
    expect(store.ownerOf('10.0.0.1')).toBe('x/b');
  });

  it('leaves the other alone when the change does not concern it', () => {
    const store = new ModelStore();
    store.apply([service('a', ['10.0.0.1']), service('b', ['10.0.0.1'])]);
    expect(ownersChangedBy(store, service('b', ['10.0.0.1', 'fd00::1']))).toEqual(setOf('fd00::1'));
    expect(ownersChangedBy(store, without(service('b', [])))).toEqual(setOf('fd00::1'));
  });

  it('has an owner that depends on the Services only, not on how they came', () => {
    const address = fc.constantFrom(...addresses);
    const update = fc.oneof(
      fc
        .tuple(fc.constantFrom('a', 'b', 'c'), fc.uniqueArray(address, { maxLength: 2 }), fc.constantFrom('', '1', '2'))
        .map(([name, clusterIPs, createdAt]) => service(name, clusterIPs, createdAt)),
      fc.constantFrom('a', 'b', 'c').map((name) => without(service(name, []))),
    );
    fc.assert(
      fc.property(fc.array(fc.array(update, { maxLength: 3 }), { maxLength: 10 }), (batches) => {
        const store = new ModelStore();
        for (const batch of batches) expectTold(store, batch);
        const rebuilt = new ModelStore();
        const values = [...store.services].sort(([a], [b]) => (a < b ? 1 : -1));
        rebuilt.apply(values.map(([key, value]) => ({ kind: 'Service', key, value })));
        expect(ownersOf(store)).toEqual(ownersOf(rebuilt));
      }),
    );
  });
});

const addresses = ['10.0.0.1', '10.0.0.2', 'fd00::1'];

function ownersOf(store: ModelStore) {
  return addresses.map((address) => store.ownerOf(address));
}

function ownersChangedBy(store: ModelStore, update: ModelUpdate) {
  return store.apply([update])?.changed.ownerOf;
}

/** Each address that has another owner after a batch must be told. */
function expectTold(store: ModelStore, batch: readonly ModelUpdate[]): void {
  const before = ownersOf(store);
  const told = store.apply(batch)?.changed.ownerOf ?? none;
  ownersOf(store).forEach((owner, index) => {
    if (owner !== before[index]) expect(told).toContain(addresses[index]);
  });
}
