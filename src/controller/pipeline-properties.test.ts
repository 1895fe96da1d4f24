import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { anEndpoint } from '../../test/support/builders.ts';
import { ModelStore, type ModelUpdate } from '../model/model.ts';
import type { AppProtocol } from '../model/service.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { defaultSettings } from '../translate/settings.ts';
import type { UnitKind, UnitName } from '../translate/units/unit.ts';
import { ownerNameOf } from '../translate/units/unit.ts';
import { unitKinds, unitNames } from '../translate/units/unit-kinds.ts';
import { ResourceCache } from '../xds/cache/resource-cache.ts';
import { Pipeline } from './pipeline.ts';

// Small pools: Services take addresses from one another, and slices move between Services.
const names = ['a', 'b', 'c'];
const clients = ['node1', 'node2'].map((nodeName) => ({ nodeName, zone: 'zone-a' }));

const kinds = ['Service', 'EndpointSlice', 'Node', 'Namespace', 'NetworkPolicy', 'Pod'] as const;

interface ServiceShape {
  readonly name: string;
  readonly clusterIPs: readonly string[];
  readonly createdAt: string;
  readonly appProtocol: AppProtocol;
  readonly policy: 'Cluster' | 'Local';
}

function serviceOf({ name, clusterIPs, createdAt, appProtocol, policy }: ServiceShape): ModelUpdate {
  const ports = [{ name: 'main', protocol: 'TCP' as const, port: 80, appProtocol }];
  const value = { namespace: 'x', name, createdAt, clusterIPs, ports, internalTrafficPolicy: policy, policy: {} };
  return { kind: 'Service', key: `x/${name}`, value: { ...value, sessionAffinity: { kind: 'None' } } };
}

const service = fc
  .record({
    name: fc.constantFrom(...names),
    clusterIPs: fc.constantFrom(['10.0.0.1'], ['10.0.0.2'], ['10.0.0.1', 'fd00::1'], ['fd00::1']),
    createdAt: fc.constantFrom('', '2026-01-01T00:00:00Z'),
    appProtocol: fc.constantFrom<AppProtocol>('tcp', 'http'),
    policy: fc.constantFrom('Cluster', 'Local'),
  })
  .map(serviceOf);

function sliceOf(name: string, serviceName: string, nodeNames: readonly string[]): ModelUpdate {
  const endpoints = nodeNames.map((nodeName, index) => anEndpoint(`10.1.0.${index + 1}`, { nodeName }));
  const ports = [{ name: 'main', protocol: 'TCP' as const, port: 8080 }];
  const value = { namespace: 'x', name, serviceName, family: 'IPv4' as const, ports, endpoints };
  return { kind: 'EndpointSlice', key: `x/${name}`, value };
}

const slice = fc
  .tuple(
    fc.constantFrom('slice-1', 'slice-2', 'slice-3'),
    fc.constantFrom(...names),
    fc.array(fc.constantFrom('node1', 'node2'), { maxLength: 3 }),
  )
  .map(([name, serviceName, nodeNames]) => sliceOf(name, serviceName, nodeNames));

const pod = fc
  .tuple(fc.constantFrom(1, 2, 3), fc.constantFrom('node1', 'node2'), fc.constantFrom('a', 'b', undefined))
  .map(([n, nodeName, app]): ModelUpdate => {
    const addresses = [`10.1.0.${n}`];
    const value = { namespace: 'x', name: `pod-${n}`, nodeName, addresses, labels: { app: app ?? '' } };
    return { kind: 'Pod', key: `x/pod-${n}`, value: app === undefined ? undefined : value };
  });

const networkPolicy = fc.constantFrom('a', 'b', undefined).map((app): ModelUpdate => {
  const podSelector = [{ key: 'app', operator: 'In' as const, values: [app ?? ''] }];
  const value = { namespace: 'x', name: 'policy', podSelector, ingress: true, egress: true };
  return { kind: 'NetworkPolicy', key: 'x/policy', value: app === undefined ? undefined : value };
});

const namespace = fc.constantFrom('Envoy' as const, 'Kernel' as const).map((http): ModelUpdate => {
  const origin = { object: { kind: 'Namespace', namespace: '', name: 'x' }, field: '' };
  return { kind: 'Namespace', key: 'x', value: { name: 'x', policy: { dataPath: { value: { http }, origin } } } };
});

const node = fc.constantFrom('node1', 'node2').map((name): ModelUpdate => {
  return { kind: 'Node', key: name, value: { name, zone: '', addresses: [], podCidrs: [], isLeaving: false } };
});

const update = fc.oneof(
  { weight: 3, arbitrary: pod },
  { weight: 2, arbitrary: networkPolicy },
  { weight: 1, arbitrary: namespace },
  { weight: 1, arbitrary: node },
  { weight: 4, arbitrary: service },
  { weight: 4, arbitrary: slice },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...names)
      .map((name): ModelUpdate => ({ kind: 'Service', key: `x/${name}`, value: undefined })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('slice-1', 'slice-2')
      .map((name): ModelUpdate => ({ kind: 'EndpointSlice', key: `x/${name}`, value: undefined })),
  },
);

interface Step {
  readonly batch: readonly ModelUpdate[];
  /** Owners of units that throw from now on. */
  readonly broken: readonly string[];
}

const owners = names.flatMap((name) => [`service/x/${name}`, `endpoints/x/${name}`]);
const step: fc.Arbitrary<Step> = fc.record({
  batch: fc.array(update, { minLength: 1, maxLength: 4 }),
  broken: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.subarray(owners) }),
});

/** As they are, but those of the set throw, after they read what they read. */
function breakable(broken: ReadonlySet<string>): Readonly<Record<UnitName, UnitKind>> {
  const kindOf = (name: UnitName): UnitKind => ({
    of: unitKinds[name].of,
    translate: (reader, key, settings) => {
      const translation = unitKinds[name].translate(reader, key, settings);
      if (broken.has(ownerNameOf({ kind: name, key }))) throw new Error('broken');
      return translation;
    },
  });
  return Object.fromEntries(unitNames.map((name) => [name, kindOf(name)])) as Record<UnitName, UnitKind>;
}

function createWorld() {
  const model = new ModelStore();
  const cache = new ResourceCache();
  const broken = new Set<string>();
  const kinds = breakable(broken);
  const pipeline = new Pipeline({ model, settings: defaultSettings, sink: cache, kinds, onProblems: () => undefined });
  const apply = (batch: readonly ModelUpdate[]) => {
    const change = model.apply(batch);
    if (change !== undefined) pipeline.apply(change);
  };
  return { model, cache, broken, apply };
}

/** Every resource with its version, which is the hash of its bytes, as each client sees it. */
function contentOf(cache: ResourceCache): readonly string[] {
  return Object.values(typeUrls).flatMap((typeUrl) => {
    const slots = [...(cache.findStore(typeUrl)?.slots() ?? [])].filter(({ entry }) => entry !== undefined);
    const versions = ({ name }: { readonly name: string }) =>
      clients.map((client) => cache.lookup(typeUrl, name, client)?.version).join();
    return slots.map((slot) => `${typeUrl} ${slot.name} ${versions(slot)}`).sort();
  });
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('leaves the cache as a fresh start would fill it, whatever changed and whatever threw meanwhile', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const world = createWorld();
      for (const { batch, broken } of steps) {
        world.broken.clear();
        for (const owner of broken) world.broken.add(owner);
        world.apply(batch);
        // Some clients have each version, so that builds of former entries are there to be mistaken for current ones.
        contentOf(world.cache);
      }
      world.broken.clear();
      vi.runAllTimers();
      const fresh = createWorld();
      for (const kind of kinds) {
        const all = [...world.model.keys(kind)].map((key) => ({ kind, key, value: world.model.get(kind, key) }));
        fresh.apply(all as readonly ModelUpdate[]);
      }
      expect(contentOf(world.cache)).toEqual(contentOf(fresh.cache));
    }),
    { numRuns: 300 },
  );
});
