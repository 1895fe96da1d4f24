// Random policies, pods and slices that come, change and go, against a direct reading of the API's description.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anEndpoint, aService, aSlice, serviceUpdate } from '../../../test/support/builders.ts';
import { ModelStore, type ModelUpdate } from '../model.ts';
import type { LabelRequirement, LabelSelector, Labels } from './label-selector.ts';
import type { NetworkPolicy, OtherPolicy, Pod } from './network-policy.ts';

const namespaces = ['a', 'b'];
const nodes = ['node1', 'node2', 'node3'];
const services = ['web', 'db'];
const keys = ['app', 'tier', 'constructor'];
const values = ['x', 'y', ''];
const name = fc.constantFrom('1', '2', '3');
const address = fc.integer({ min: 1, max: 5 }).map((n) => `10.0.0.${n}`);

const requirement: fc.Arbitrary<LabelRequirement> = fc.oneof(
  fc.record({
    key: fc.constantFrom(...keys),
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.subarray(values, { minLength: 1 }),
  }),
  fc.record({
    key: fc.constantFrom(...keys),
    operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
  }),
);

function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: fc.constant(undefined) });
}

const placed = fc.record({ namespace: fc.constantFrom(...namespaces), name });

const policy: fc.Arbitrary<ModelUpdate> = placed.chain((where) => {
  const value = fc.record({
    podSelector: fc.array(requirement, { maxLength: 2 }),
    ingress: fc.boolean(),
    egress: fc.boolean(),
  });
  return maybe(value).map((rest): ModelUpdate => {
    const key = `${where.namespace}/${where.name}`;
    return { kind: 'NetworkPolicy', key, value: rest === undefined ? undefined : { ...where, ...rest } };
  });
});

const otherPolicy: fc.Arbitrary<ModelUpdate> = fc
  .tuple(name, maybe(fc.record({ namespace: fc.constantFrom('a', 'b', undefined) })))
  .map(([key, value]) => ({ kind: 'OtherPolicy', key, value }));

const pod: fc.Arbitrary<ModelUpdate> = placed.chain((where) => {
  const value = fc.record({
    nodeName: fc.constantFrom(...nodes),
    addresses: fc.uniqueArray(address, { minLength: 1, maxLength: 2 }),
    labels: fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(...values)),
  });
  return maybe(value).map((rest): ModelUpdate => {
    const key = `${where.namespace}/${where.name}`;
    return { kind: 'Pod', key, value: rest === undefined ? undefined : { ...where, ...rest } };
  });
});

const slice: fc.Arbitrary<ModelUpdate> = placed.chain((where) => {
  const value = fc.record({ serviceName: fc.constantFrom(...services), addresses: fc.uniqueArray(address) });
  return maybe(value).map((rest): ModelUpdate => {
    const key = `${where.namespace}/${where.name}`;
    if (rest === undefined) return { kind: 'EndpointSlice', key, value: undefined };
    const endpoints = rest.addresses.map((one) => anEndpoint(one, { ready: false }));
    return { kind: 'EndpointSlice', key, value: aSlice({ ...where, serviceName: rest.serviceName, endpoints }) };
  });
});

const allServices = namespaces.flatMap((namespace) =>
  services.map((service) => serviceUpdate(aService({ namespace, name: service }))),
);

const batches = fc.array(fc.array(fc.oneof(policy, otherPolicy, pod, slice), { minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 12,
});

function all<T>(model: ModelStore, kind: 'NetworkPolicy' | 'OtherPolicy' | 'Pod'): readonly T[] {
  return [...model.keys(kind)].map((key) => model.get(kind, key) as T);
}

/** meta/v1 LabelSelector, requirement by requirement. */
function isSelected(selector: LabelSelector, labels: Labels): boolean {
  const pairs = new Map(Object.entries(labels));
  return selector.every((one) => {
    if (!('values' in one)) return pairs.has(one.key) === (one.operator === 'Exists');
    const value = pairs.get(one.key);
    const isIn = value !== undefined && one.values.some((each) => each === value);
    return one.operator === 'In' ? isIn : !isIn;
  });
}

function isPoliced(model: ModelStore, { namespace, labels }: Pod, direction: 'ingress' | 'egress'): boolean {
  const others = all<OtherPolicy>(model, 'OtherPolicy');
  if (others.some((other) => other.namespace === undefined || other.namespace === namespace)) return true;
  const own = all<NetworkPolicy>(model, 'NetworkPolicy').filter((one) => one.namespace === namespace);
  return own.some((one) => one[direction] && isSelected(one.podSelector, labels));
}

/** One for ingress. */
function hasPolicy(model: ModelStore, namespace: string): boolean {
  const others = all<OtherPolicy>(model, 'OtherPolicy');
  if (others.some((other) => other.namespace === undefined || other.namespace === namespace)) return true;
  return all<NetworkPolicy>(model, 'NetworkPolicy').some((one) => one.namespace === namespace && one.ingress);
}

/** Every answer, by the question. */
function directly(model: ModelStore): Readonly<Record<string, readonly string[]>> {
  const pods = all<Pod>(model, 'Pod');
  const ofNodes = nodes.map((node) => {
    const own = pods.filter(({ nodeName }) => nodeName === node);
    const policed = own.filter((one) => isPoliced(model, one, 'egress'));
    return [`pods of ${node}`, [...new Set(policed.flatMap(({ addresses }) => addresses))].sort()] as const;
  });
  const ofServices = namespaces.flatMap((namespace) =>
    services.map((service) => {
      const key = `${namespace}/${service}`;
      const endpoints = model.slicesOf(key).flatMap((one) => one.endpoints.map((endpoint) => endpoint.address));
      const at = pods.filter(({ addresses }) => addresses.some((one) => endpoints.includes(one)));
      const policed = at.filter((one) => isPoliced(model, one, 'ingress'));
      const answer = [...new Set(policed.map(({ nodeName }) => nodeName))].sort();
      return [`nodes of ${key}`, answer.length === 0 && !hasPolicy(model, namespace) ? ['never'] : answer] as const;
    }),
  );
  return Object.fromEntries([...ofNodes, ...ofServices]);
}

function answered(model: ModelStore): Readonly<Record<string, readonly string[]>> {
  const ofNodes = nodes.map((node) => [`pods of ${node}`, model.kernelPathPodsOf(node)] as const);
  const ofServices = namespaces.flatMap((namespace) =>
    services.map((service) => {
      const key = `${namespace}/${service}`;
      return [`nodes of ${key}`, [...(model.policedNodesOf(key) ?? ['never'])].sort()] as const;
    }),
  );
  return Object.fromEntries([...ofNodes, ...ofServices]);
}

it('answers what a direct reading does, and tells whose answers are others', () => {
  fc.assert(
    fc.property(batches, (steps) => {
      const model = new ModelStore();
      model.apply(allServices);
      for (const batch of steps) {
        const before = answered(model);
        const change = model.apply(batch);
        const after = answered(model);
        expect(after).toEqual(directly(model));
        const told = new Set([
          ...[...(change?.changed.kernelPathPodsOf ?? [])].map((node) => `pods of ${node}`),
          ...[...(change?.changed.slicesOf ?? [])].map((key) => `nodes of ${key}`),
        ]);
        for (const [question, answer] of Object.entries(after)) {
          if (JSON.stringify(answer) !== JSON.stringify(before[question])) expect([...told]).toContain(question);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});
