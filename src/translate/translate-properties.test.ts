import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asked } from '../../test/support/policy.ts';
import { keyOf } from '../model/address.ts';
import type { Endpoint, EndpointSlice } from '../model/endpoint.ts';
import { ModelStore, type ModelUpdate } from '../model/model.ts';
import type { ServicePolicy } from '../model/policy.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { decodeMessage, encodeMessage, messageNameOf } from '../protos/registry.ts';
import type { ClientView, ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { grpcEntries } from './grpc.ts';
import { defaultSettings, type TranslateSettings } from './settings.ts';
import { translate, translateUnits } from './translate.ts';

// Small pools, so that names, addresses and ports meet.
const nodes = ['node1', 'node2', 'node3'];
const zones = ['zone-a', 'zone-b', ''];
const portNames = ['', 'http', 'db', 'dns'];
const clients: readonly ClientView[] = [...nodes, '', 'unknown'].flatMap((nodeName) =>
  zones.map((zone) => ({ nodeName, zone })),
);

const protocol = fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const);
const address = {
  IPv4: fc.integer({ min: 1, max: 6 }).map((n) => `10.0.0.${n}`),
  IPv6: fc.integer({ min: 1, max: 6 }).map((n) => `fd00::${n}`),
};

const servicePort: fc.Arbitrary<ServicePort> = fc.record({
  name: fc.constantFrom(...portNames),
  protocol,
  port: fc.constantFrom(53, 80, 443, 5432),
  appProtocol: fc.constantFrom('tcp', 'http', 'http2', 'grpc', 'websocket'),
});

/** What the converter leaves out. */
function sameNumberOrName(a: ServicePort, b: ServicePort): boolean {
  return a.protocol === b.protocol && (a.port === b.port || a.name === b.name);
}

const count = fc.integer({ min: 0, max: 4_294_967_295 });
const milliseconds = fc.integer({ min: 0, max: 86_400_000 });

const policy: fc.Arbitrary<ServicePolicy> = fc
  .record(
    {
      maxConnections: count,
      maxRetries: count,
      outlierDetection: fc.boolean(),
      outlierConsecutiveErrors: count,
      outlierMaxEjectionPercent: fc.integer({ min: 0, max: 100 }),
      loadBalancing: fc.constantFrom('LeastRequest', 'RoundRobin', 'Random', 'RingHash', 'Maglev'),
      connectTimeoutMs: milliseconds,
      requestTimeoutMs: milliseconds,
      idleTimeoutMs: milliseconds,
      retries: fc.nat(5),
      retryOn: fc.subarray(['5xx' as const, 'unavailable' as const]),
      dataPath: fc.constantFrom({ http: 'Envoy' as const, tcp: 'Envoy' as const }, { http: 'Kernel' as const }, {}),
      failMode: fc.constantFrom('Open' as const, 'Closed' as const),
      tracingSamplingPercent: fc.double({ min: 0, max: 100, noNaN: true }),
    },
    { requiredKeys: [] },
  )
  .map(asked);

const service: fc.Arbitrary<Service> = fc.record({
  namespace: fc.constantFrom('default', 'shop'),
  name: fc.constantFrom('kubernetes', 'web', 'db'),
  createdAt: fc.constantFrom('', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
  clusterIPs: fc.oneof(
    address.IPv4.map((one) => [one]),
    address.IPv6.map((one) => [one]),
    fc.tuple(address.IPv6, address.IPv4),
  ),
  ports: fc.uniqueArray(servicePort, { minLength: 1, maxLength: 4, comparator: sameNumberOrName }),
  internalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
  sessionAffinity: fc.constantFrom({ kind: 'None' as const }, { kind: 'ClientIP' as const, timeoutSeconds: 60 }),
  policy,
});

type Hints = 'none' | 'zones' | 'nodes' | 'any';

/** Hints count only when all endpoints have them, so that slices mostly agree on it. */
function endpoint(family: 'IPv4' | 'IPv6', style: Hints): fc.Arbitrary<Endpoint> {
  const hints = (values: readonly string[], all: boolean) => {
    const some = fc.subarray([...values], { minLength: 1 });
    return all ? some : style === 'any' ? fc.oneof(fc.constant([]), some) : fc.constant([]);
  };
  return fc.record(
    {
      address: address[family],
      ready: fc.boolean(),
      serving: fc.boolean(),
      terminating: fc.boolean(),
      nodeName: fc.constantFrom(...nodes),
      zone: fc.constantFrom('zone-a', 'zone-b'),
      hintZones: hints(['zone-a', 'zone-b'], style === 'zones'),
      hintNodes: hints(nodes, style === 'nodes'),
    },
    { requiredKeys: ['address', 'ready', 'serving', 'terminating', 'hintZones', 'hintNodes'] },
  );
}

const kinds = fc.tuple(
  fc.constantFrom('IPv4' as const, 'IPv6' as const),
  fc.constantFrom('none' as const, 'zones' as const, 'nodes' as const, 'any' as const),
);

const slice: fc.Arbitrary<EndpointSlice> = kinds.chain(([family, style]) =>
  fc.record({
    namespace: fc.constantFrom('default', 'shop'),
    name: fc.integer({ min: 0, max: 20 }).map((n) => `slice-${n}`),
    serviceName: fc.constantFrom('kubernetes', 'web', 'db', 'nobody'),
    family: fc.constant(family),
    ports: fc.array(fc.record({ name: fc.constantFrom(...portNames), protocol, port: fc.constantFrom(8080, 9090) }), {
      minLength: 1,
      maxLength: 4,
    }),
    endpoints: fc.array(endpoint(family, style), { maxLength: 6 }),
  }),
);

const updates: fc.Arbitrary<readonly ModelUpdate[]> = fc
  .tuple(fc.uniqueArray(service, { selector: keyOf }), fc.uniqueArray(slice, { selector: keyOf, maxLength: 12 }))
  .map(([services, slices]) => [
    ...services.map((value) => ({ kind: 'Service' as const, key: keyOf(value), value })),
    ...slices.map((value) => ({ kind: 'EndpointSlice' as const, key: keyOf(value), value })),
  ]);

const settings: fc.Arbitrary<TranslateSettings> = fc.constantFrom(defaultSettings, {
  ...defaultSettings,
  accessLog: { kind: 'Stdout' },
  tracing: { collector: { address: 'collector.example', port: 4317 }, samplingPercent: 1 },
});

function modelOf(list: readonly ModelUpdate[]): ModelStore {
  const model = new ModelStore();
  model.apply(list);
  return model;
}

function entriesOf(model: ModelStore, given: TranslateSettings): readonly ResourceEntry[] {
  const onDemand = [...model.keys('Service')].flatMap((key) => grpcEntries(model, key));
  return [...translateUnits(model, given).flatMap(({ entries }) => entries), ...onDemand];
}

function bytesOf(entry: ResourceEntry, client: ClientView): Uint8Array {
  return encodeMessage(messageNameOf(entry.typeUrl), entry.build(client));
}

describe('translate, whatever the model', () => {
  it('gives messages that protobuf encodes and reads back, with no field lost', () => {
    fc.assert(
      fc.property(updates, settings, fc.constantFrom(...clients), (list, given, client) => {
        for (const entry of entriesOf(modelOf(list), given)) {
          const read = decodeMessage(messageNameOf(entry.typeUrl), bytesOf(entry, client));
          expect(plain(read)).toEqual(plain(entry.build(client)));
        }
      }),
    );
  });

  it('gives no name twice', () => {
    fc.assert(
      fc.property(updates, settings, (list, given) => {
        const names = entriesOf(modelOf(list), given).map(({ typeUrl, name }) => `${typeUrl} ${name}`);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });

  it('refers only to what it gives', () => {
    fc.assert(
      fc.property(updates, settings, fc.constantFrom(...clients), (list, given, client) => {
        const entries = entriesOf(modelOf(list), given);
        const namesOf = (typeUrl: string) => new Set(entries.filter((e) => e.typeUrl === typeUrl).map((e) => e.name));
        const clusters = namesOf(typeUrls.cluster);
        const wanted = entries.flatMap((entry) => references(entry.build(client)));
        for (const name of wanted.filter(({ kind }) => kind === 'route')) {
          expect(namesOf(typeUrls.route)).toContain(name.name);
        }
        for (const name of wanted.filter(({ kind }) => kind === 'cluster')) expect(clusters).toContain(name.name);
        const eds = entries.filter(({ typeUrl }) => typeUrl === typeUrls.cluster).map((entry) => entry.build(client));
        const names = eds.flatMap((cluster) =>
          'edsClusterConfig' in cluster && 'name' in cluster ? cluster.name : [],
        );
        expect(new Set(names)).toEqual(namesOf(typeUrls.endpoint));
      }),
    );
  });

  it('does not depend on the order of the input', () => {
    const shuffled = updates.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray([...list], { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, settings, fc.constantFrom(...clients), ([list, other], given, client) => {
        const turned = other.map(reverseEndpoints);
        expect(translate(modelOf(turned), client, given)).toEqual(translate(modelOf(list), client, given));
      }),
    );
  });

  it('gives clients of one scope the same bytes', () => {
    fc.assert(
      fc.property(updates, settings, (list, given) => {
        for (const entry of entriesOf(modelOf(list), given)) {
          const seen = new Map<string, Uint8Array>();
          for (const client of clients) {
            const scope = { fleet: '', zone: client.zone, node: `${client.nodeName} ${client.zone}` }[entry.scope];
            const bytes = bytesOf(entry, client);
            expect(Buffer.compare(seen.get(scope) ?? bytes, bytes)).toBe(0);
            seen.set(scope, bytes);
          }
        }
      }),
    );
  });
});

/** Proto3 does not tell these from absent: zero values, among them the first of each enumeration. */
const zeroes: ReadonlySet<unknown> = new Set([
  ...[0, '', false],
  ...['TCP', 'KERNEL', 'FORWARD', 'IPV4', 'CLUSTER_IP', 'CLUSTER', 'AUTO', 'STATIC', 'ROUND_ROBIN', 'STATE_PREBIND'],
]);

/** A message without zero values and empty lists, its bytes as numbers, whatever class holds them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => !zeroes.has(inner) && !isEmptyList(inner));
  return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner)]));
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

interface Reference {
  readonly kind: 'route' | 'cluster';
  readonly name: string;
}

/** Names of other resources anywhere in a message. */
function references(value: unknown): readonly Reference[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (typeof inner !== 'string') return references(inner);
    if (key === 'routeConfigurationName' || key === 'routeConfigName') return [{ kind: 'route', name: inner }];
    const isCluster = (key === 'cluster' && inner !== 'none') || (key === 'clusterName' && !('endpoints' in value));
    return isCluster ? [{ kind: 'cluster', name: inner }] : [];
  });
}

function reverseEndpoints(update: ModelUpdate): ModelUpdate {
  if (update.kind !== 'EndpointSlice' || update.value === undefined) return update;
  return { ...update, value: { ...update.value, endpoints: [...update.value.endpoints].reverse() } };
}
