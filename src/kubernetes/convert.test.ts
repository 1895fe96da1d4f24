import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelStore, type ModelUpdate } from '../model/model.ts';
import { convertObject } from './convert.ts';

describe('a Node', () => {
  const nothing = { addresses: [], podCidrs: [], isLeaving: false };

  it('has addresses in its order without host names, and ranges of pods', () => {
    const status = {
      addresses: [
        { type: 'Hostname', address: 'node-a' },
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'InternalIP', address: 'FD00:0::1' },
        { type: 'ExternalIP', address: '203.0.113.1' },
        { type: 'ExternalIP', address: 'x' },
      ],
    };
    const spec = { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24', 'fd00:244::/64', '10.0.0.0'] };
    const { update, problems } = convertObject({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'a' },
      spec,
      status,
    });
    expect(update?.value).toMatchObject({
      addresses: [
        { kind: 'Internal', address: '10.0.0.1' },
        { kind: 'Internal', address: 'fd00::1' },
        { kind: 'External', address: '203.0.113.1' },
      ],
      podCidrs: ['10.244.1.0/24', 'fd00:244::/64'],
    });
    expect(problems.map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'status.addresses[4].address: is "x", not an IP address; it is left out',
      'spec.podCIDRs[2]: is "10.0.0.0", not a CIDR; it is left out',
    ]);
  });

  it.each([
    ['is being deleted', { metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } }, true],
    ['the autoscaler takes away', { spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler' }] } }, true],
    ['is tainted otherwise', { spec: { taints: [{ key: 'node.kubernetes.io/not-ready' }] } }, false],
  ])('that %s is leaving: %j', (_what, change, isLeaving) => {
    const { update } = convertObject({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' }, ...change });
    expect(update?.value).toMatchObject({ isLeaving });
  });

  it('is its name and its zone', () => {
    const labels = { 'topology.kubernetes.io/zone': 'z1', 'kubernetes.io/os': 'linux' };
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a.example', labels }, status: {} };
    expect(convertObject(node)).toEqual({
      update: { kind: 'Node', key: 'node-a.example', value: { name: 'node-a.example', zone: 'z1', ...nothing } },
      problems: [],
    });
    expect(convertObject({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'b' } }).update?.value).toEqual({
      name: 'b',
      zone: '',
      ...nothing,
    });
  });

  it('with a zone of a wrong type is in none', () => {
    const labels = { 'topology.kubernetes.io/zone': 7 };
    const { update, problems } = convertObject({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'b', labels } });
    expect(update?.value).toEqual({ name: 'b', zone: '', ...nothing });
    expect(problems).toEqual([
      {
        object: { kind: 'Node', namespace: '', name: 'b' },
        field: 'metadata.labels[topology.kubernetes.io/zone]',
        code: 'InvalidValue',
        message: 'is 7, not a string; the node is treated as having no zone',
      },
    ]);
  });
});

describe('convertObject', () => {
  it('says nothing of kinds that are not used', () => {
    for (const [apiVersion, kind] of [
      ['apps/v1', 'Deployment'],
      ['v1', 'ConfigMap'],
      ['serving.knative.dev/v1', 'Service'],
      ['v1', 'constructor'],
    ]) {
      expect(convertObject({ apiVersion, kind, metadata: { name: 'x' } })).toEqual({ update: undefined, problems: [] });
    }
  });

  it('names what is not a Kubernetes object, and versions that are not read', () => {
    const problemOf = (object: unknown) => convertObject(object).problems[0];
    expect(problemOf(null)).toMatchObject({
      object: { kind: 'object' },
      message: 'is null, not an object; it is left out',
    });
    expect(problemOf([])).toMatchObject({ message: 'is a list, not an object; it is left out' });
    expect(problemOf({})).toMatchObject({ field: 'kind' });
    expect(problemOf({ kind: 'Service', metadata: { name: 'a' } })).toMatchObject({
      object: { kind: 'Service', namespace: 'default', name: 'a' },
      field: 'apiVersion',
    });
    expect(
      problemOf({ apiVersion: 'discovery.k8s.io/v1beta1', kind: 'EndpointSlice', metadata: { name: 'a' } }),
    ).toEqual({
      object: { kind: 'EndpointSlice', namespace: 'default', name: 'a' },
      field: 'apiVersion',
      code: 'UnsupportedVersion',
      message: 'is "discovery.k8s.io/v1beta1", only discovery.k8s.io/v1 is read; the object is left out',
    });
  });

  it('says which object a problem is of, so that it can become a condition or an Event of it', () => {
    const metadata = { namespace: 'shop', name: 'web', uid: '5f4f7c3a', generation: 3 };
    const { problems } = convertObject({ apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: 'x' } });
    expect(problems[0]?.object).toEqual({ kind: 'Service', ...metadata });
    const odd = { ...metadata, uid: 7, generation: 'new' };
    expect(convertObject({ apiVersion: 'v1', kind: 'Service', metadata: odd }).problems[0]?.object).toEqual({
      kind: 'Service',
      namespace: 'shop',
      name: 'web',
    });
  });

  it('keeps messages short and on one line whatever is in the object', () => {
    const name = `${'x'.repeat(10_000)}\n`;
    const [problem] = convertObject({ apiVersion: 'v1', kind: 'Service', metadata: { name } }).problems;
    expect(problem?.message.length).toBeLessThan(300);
    expect(problem?.message).not.toContain('\n');
    expect(problem?.object.name.length).toBeLessThan(300);
    expect(problem?.object.name).not.toContain('\n');
  });

  it('never throws, whatever JSON it is given', () => {
    fc.assert(
      fc.property(anyObject, (object) => expectSound(convertObject(object))),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.jsonValue(), (value) => expectSound(convertObject(value))));
  });

  it('gives one model whatever the order of the objects', () => {
    const objects = fc.uniqueArray(anyObject, { maxLength: 12, selector: (object) => JSON.stringify(object.metadata) });
    fc.assert(
      fc.property(
        objects.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          expect(contentOf(shuffled)).toEqual(contentOf(all));
        },
      ),
    );
  });
});

function expectSound({ update, problems }: ReturnType<typeof convertObject>): void {
  for (const { object, message } of problems) {
    expect(object.kind).not.toBe('');
    expect(message).not.toBe('');
  }
  if (update === undefined) return;
  expect(update.key).toMatch(/^[a-z0-9.-]+(\/[a-z0-9.-]+)?$/);
  if (update.kind !== 'Service' || update.value === undefined) return;
  expect(update.value.ports.length).toBeGreaterThan(0);
  expect(update.value.clusterIPs.length).toBeGreaterThan(0);
  expect(new Set(update.value.ports.map(({ port, protocol }) => `${port} ${protocol}`)).size).toBe(
    update.value.ports.length,
  );
}

/** Objects of our kinds, each field of which is sometimes right and sometimes anything. */
const address = fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1', 'FD00::1', 'None', 'x', '');
const orAnything = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 8, arbitrary }, { weight: 1, arbitrary: fc.jsonValue() });
const port = fc.record(
  {
    name: orAnything(fc.constantFrom('http', 'grpc-a', '')),
    port: orAnything(fc.integer({ min: -1, max: 65_537 })),
    protocol: orAnything(fc.constantFrom('TCP', 'UDP', 'SCTP')),
    appProtocol: orAnything(fc.constantFrom('http', 'grpc', 'kubernetes.io/ws')),
  },
  { requiredKeys: [] },
);
const ports = orAnything(fc.array(orAnything(port), { maxLength: 4 }));
const metadata = fc.record(
  {
    name: orAnything(fc.constantFrom('a', 'b', 'c', 'd', 'e')),
    namespace: orAnything(fc.constantFrom('x', 'y')),
    labels: orAnything(
      fc.dictionary(fc.constantFrom('kubernetes.io/service-name', 'service.kubernetes.io/headless'), fc.constant('a')),
    ),
    annotations: orAnything(
      fc.dictionary(fc.constantFrom('fairlead.dev/retries', 'fairlead.dev/x'), orAnything(fc.constant('1'))),
    ),
    creationTimestamp: orAnything(fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')),
  },
  { requiredKeys: ['name'] },
);
const spec = fc.record(
  { clusterIP: orAnything(address), clusterIPs: orAnything(fc.array(address, { maxLength: 3 })), ports },
  { requiredKeys: [] },
);
const endpoint = fc.record(
  {
    addresses: orAnything(fc.array(address)),
    conditions: orAnything(fc.constant({ ready: false })),
    hints: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const anyObject = fc.oneof(
  fc.record({ apiVersion: fc.constant('v1'), kind: fc.constant('Service'), metadata, spec: orAnything(spec) }),
  fc.record({
    apiVersion: fc.constant('discovery.k8s.io/v1'),
    kind: fc.constant('EndpointSlice'),
    metadata,
    addressType: orAnything(fc.constantFrom('IPv4', 'IPv6')),
    ports,
    endpoints: orAnything(fc.array(orAnything(endpoint), { maxLength: 4 })),
  }),
  fc.record({ apiVersion: fc.constant('v1'), kind: fc.constant('Node'), metadata }),
);

function contentOf(objects: readonly unknown[]) {
  const updates = new Map<string, ModelUpdate>();
  for (const { update } of objects.map(convertObject)) {
    // Two objects of one name are for the sources to tell apart; here the first in order of text counts.
    if (update === undefined) continue;
    const id = `${update.kind} ${update.key}`;
    const before = updates.get(id);
    if (before === undefined || JSON.stringify(update) < JSON.stringify(before)) updates.set(id, update);
  }
  const store = new ModelStore();
  for (const update of updates.values()) store.apply([update]);
  const services = [...store.services.keys()].sort();
  const owners = [...store.services.values()].flatMap(({ clusterIPs }) => clusterIPs);
  return {
    services: services.map((key) => store.services.get(key)),
    nodes: [...store.nodes.values()].map(({ name }) => name).sort(),
    slices: ['x/a', 'y/a', 'default/a'].map((key) => store.slicesOf(key)),
    owners: [...new Set(owners)].sort().map((ip) => `${ip} ${store.ownerOf(ip)}`),
  };
}
