// Order over several types on one stream: what a client such as Envoy needs to come to rest, wherever the stream breaks.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/resources/type-urls.ts';
import type { Variant } from '../../src/xds/server/ads-events.ts';
import { EnvoyModel } from './lib/envoy-model.ts';
import { type Content, ServiceWorld } from './lib/service-world.ts';

const services = ['a', 'b', 'c'] as const;
const scopes = ['1', '2'] as const;
type ServiceName = (typeof services)[number];

const cluster = (service: string, value: number, wildcard = false): Content => ({
  typeUrl: typeUrls.cluster,
  name: `cluster-${service}`,
  value,
  wildcard,
  // Another name than the cluster's own: the server must not derive one from the other.
  refersTo: `endpoints-${service}`,
});
const endpoints = (service: string, value: number): Content => ({
  typeUrl: typeUrls.endpoint,
  name: `endpoints-${service}`,
  value,
  wildcard: false,
  refersTo: '',
});
const scope = (id: string, value: number): Content => ({
  typeUrl: typeUrls.scopedRoute,
  name: `scope-${id}`,
  value,
  wildcard: true,
  refersTo: `route-${id}`,
});
const route = (id: string, service: string, value: number): Content => ({
  typeUrl: typeUrls.route,
  name: `route-${id}`,
  value,
  wildcard: false,
  refersTo: `cluster-${service}`,
});
const listener = (value: number): Content => ({
  typeUrl: typeUrls.listener,
  name: 'listener',
  value,
  wildcard: true,
  refersTo: '',
});

type Step =
  | { readonly do: 'put'; readonly contents: readonly Content[] }
  | { readonly do: 'retire'; readonly service: ServiceName; readonly successor: string; readonly value: number }
  | { readonly do: 'dropEndpoints'; readonly service: ServiceName }
  | { readonly do: 'dropScope' | 'use'; readonly id: string }
  | { readonly do: 'serverReads' | 'serverWrites' | 'serverWritesEarly' | 'clientReads' | 'breakStream' | 'settle' };

interface Rules {
  readonly variant: Variant;
  readonly canBeBad: (typeUrl: string) => boolean;
}

function stepOf({ variant, canBeBad }: Rules): fc.Arbitrary<Step> {
  const value = (typeUrl: string) => {
    const any = fc.integer({ min: 1, max: 30 });
    return canBeBad(typeUrl) ? any : any.filter((number) => number % 5 !== 0);
  };
  const service = fc.constantFrom(...services);
  const id = fc.constantFrom(...scopes);
  // A state-of-the-world Envoy has either the wildcard or names of clusters.
  const wildcard = variant === 'sotw' ? fc.constant(true) : fc.boolean();
  const content = fc.oneof(
    fc.tuple(service, value(typeUrls.cluster), wildcard).map((parts) => cluster(...parts)),
    fc.tuple(service, value(typeUrls.endpoint)).map((parts) => endpoints(...parts)),
    fc.tuple(id, value(typeUrls.scopedRoute)).map((parts) => scope(...parts)),
    value(typeUrls.listener).map(listener),
  );
  const retire = fc.record({
    do: fc.constant('retire' as const),
    service,
    successor: service,
    value: value(typeUrls.route),
  });
  const put = fc.record({
    do: fc.constant('put' as const),
    contents: fc.array(content, { minLength: 1, maxLength: 4 }),
  });
  const moves = fc.constantFrom('serverReads', 'serverWrites', 'serverWritesEarly', 'clientReads');
  return fc.oneof(
    { weight: 4, arbitrary: put },
    { weight: 2, arbitrary: retire },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('dropEndpoints' as const), service }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('dropScope' as const), id: id.map((each) => `scope-${each}`) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('use' as const), id: id.map((each) => `scope-${each}`) }) },
    { weight: 14, arbitrary: fc.record({ do: moves }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('breakStream' as const, 'settle' as const) }) },
  );
}

function worldOf(wildcard: boolean): ServiceWorld {
  const world = new ServiceWorld();
  world.replace(services.flatMap((service) => [cluster(service, 1, wildcard), endpoints(service, 1)]));
  world.replace([scope('1', 1), scope('2', 1), route('1', 'a', 1), route('2', 'b', 1), listener(1)]);
  return world;
}

/** One batch that sends the routes of a Service elsewhere and takes it away. */
function retire(world: ServiceWorld, step: Step & { readonly do: 'retire' }, wildcard: boolean): void {
  const { service, successor, value } = step;
  if (service === successor) return;
  const moved = world
    .all(typeUrls.route)
    .filter(({ refersTo }) => refersTo === `cluster-${service}`)
    .map(({ name }) => route(name.slice('route-'.length), successor, value));
  const isThere = world.find(typeUrls.cluster, `cluster-${successor}`) !== undefined;
  const made = isThere ? [] : [cluster(successor, 1, wildcard), endpoints(successor, 1)];
  world.replace(
    [...made, ...moved],
    [
      { typeUrl: typeUrls.cluster, name: `cluster-${service}` },
      { typeUrl: typeUrls.endpoint, name: `endpoints-${service}` },
    ],
  );
}

function perform(world: ServiceWorld, client: EnvoyModel, step: Step, wildcard: boolean): void {
  switch (step.do) {
    case 'put':
      world.replace(latestOf(step.contents));
      break;
    case 'retire':
      retire(world, step, wildcard);
      break;
    case 'dropEndpoints':
      world.replace([], [{ typeUrl: typeUrls.endpoint, name: `endpoints-${step.service}` }]);
      break;
    case 'dropScope':
      world.replace([], [{ typeUrl: typeUrls.scopedRoute, name: step.id }]);
      break;
    case 'use':
      client.use(step.id);
      break;
    default:
      client[step.do]();
  }
}

function latestOf(contents: readonly Content[]): readonly Content[] {
  return [...new Map(contents.map((content) => [`${content.typeUrl} ${content.name}`, content])).values()];
}

function comesToRest(client: EnvoyModel): void {
  client.settle();
  while (client.warmingTimesOut()) client.settle();
  expect({ differences: client.differences(), warming: client.warming, isSettled: client.isSettled }).toEqual({
    differences: [],
    warming: [],
    isSettled: true,
  });
}

/** The same steps, with the stream broken after each of them in turn. */
function run(rules: Rules, steps: readonly Step[], breakAt: number | undefined): void {
  const wildcard = rules.variant === 'sotw';
  const world = worldOf(wildcard);
  const client = new EnvoyModel(rules.variant, world);
  for (const [index, step] of steps.entries()) {
    perform(world, client, step, wildcard);
    if (index === breakAt) client.breakStream();
  }
  comesToRest(client);
  client.close();
}

const fullState: readonly string[] = [typeUrls.cluster, typeUrls.listener, typeUrls.scopedRoute];

describe.each([
  ['delta', { variant: 'delta', canBeBad: () => true }],
  // With what is bad, a state-of-the-world client holds back all that came with it.
  ['state-of-the-world', { variant: 'sotw', canBeBad: (typeUrl) => !fullState.includes(typeUrl) }],
] as const satisfies readonly (readonly [string, Rules])[])('an Envoy with %s ADS', (_name, rules) => {
  it('comes to rest with what the server has, no cluster is left warming, and none goes before its routes', () => {
    fc.assert(
      fc.property(fc.array(stepOf(rules), { maxLength: 60 }), (steps) => run(rules, steps, undefined)),
      { numRuns: 3_000 },
    );
  });

  it('does so wherever the stream breaks', () => {
    fc.assert(
      fc.property(fc.array(stepOf(rules), { minLength: 5, maxLength: 25 }), (steps) => {
        for (const breakAt of steps.keys()) run(rules, steps, breakAt);
      }),
      { numRuns: 300 },
    );
  });
});

function settledEnvoy(variant: Variant = 'delta'): { readonly world: ServiceWorld; readonly client: EnvoyModel } {
  const world = worldOf(variant === 'sotw');
  const client = new EnvoyModel(variant, world);
  client.settle();
  for (let round = 0; round < 2; round += 1) {
    for (const id of scopes) client.use(`scope-${id}`);
    client.settle();
  }
  expect(client.differences()).toEqual([]);
  return { world, client };
}

it('keeps a cluster that changed and is gone until the removal was announced, which follows the routes', () => {
  const { world, client } = settledEnvoy();
  world.replace([cluster('b', 7)]);
  client.serverWrites();
  world.replace([cluster('a', 7)]);
  world.cache.propagate(Number.POSITIVE_INFINITY);
  // So much changes at once that the routes are announced later.
  world.replace(Array.from({ length: 20 }, (_, index) => cluster(`other-${index}`, 1, true)));
  retire(world, { do: 'retire', service: 'a', successor: 'b', value: 7 }, false);
  for (let round = 0; round < 5; round += 1) {
    client.clientReads();
    while (client.serverReads());
    client.serverWritesEarly();
  }
  client.settle();
  expect(client.differences()).toEqual([]);
});

describe('an Envoy with state-of-the-world ADS, whose responses delete what they leave out', () => {
  it('keeps a cluster that is gone until its routes let go of it, when another changes with it', () => {
    const { world, client } = settledEnvoy('sotw');
    retire(world, { do: 'retire', service: 'a', successor: 'new', value: 7 }, true);
    client.settle();
    expect(client.differences()).toEqual([]);
  });

  it('keeps it when it comes back before it was told', () => {
    const { world, client } = settledEnvoy('sotw');
    client.breakStream();
    retire(world, { do: 'retire', service: 'a', successor: 'b', value: 7 }, true);
    client.settle();
    expect(client.differences()).toEqual([]);
  });

  it('keeps it when it comes back in the middle of that', () => {
    const { world, client } = settledEnvoy('sotw');
    retire(world, { do: 'retire', service: 'a', successor: 'b', value: 7 }, true);
    client.serverWrites();
    client.breakStream();
    client.settle();
    expect(client.differences()).toEqual([]);
  });

  it('is not sent what was removed before it came for the first time', () => {
    const { world } = settledEnvoy('sotw');
    retire(world, { do: 'retire', service: 'a', successor: 'b', value: 7 }, true);
    const other = new EnvoyModel('sotw', world);
    other.serverReads();
    other.serverWrites();
    other.clientReads();
    expect(other.warming).toEqual(['cluster-b', 'cluster-c']);
  });
});

describe('an Envoy whose clusters change while it is away', () => {
  it('is sent their endpoints also when the clusters were sent before it asked for endpoints', () => {
    const { world, client } = settledEnvoy();
    world.replace([cluster('a', 7)]);
    client.breakStream();
    client.serverReads();
    client.serverWrites();
    client.settle();
    expect({ warming: client.warming, differences: client.differences() }).toEqual({ warming: [], differences: [] });
  });

  it('is sent their endpoints when the stream broke between the two, and it asks for no clusters since one warms', () => {
    const { world, client } = settledEnvoy();
    world.replace([cluster('a', 7)]);
    client.serverWrites();
    client.clientReads();
    expect(client.warming).toEqual(['cluster-a']);
    client.breakStream();
    client.settle();
    expect({ warming: client.warming, differences: client.differences() }).toEqual({ warming: [], differences: [] });
  });

  it('keeps a cluster that is gone until the routes are there that let go of it', () => {
    const { world, client } = settledEnvoy();
    retire(world, { do: 'retire', service: 'a', successor: 'b', value: 7 }, false);
    client.breakStream();
    // Clusters are what it asks for first.
    client.serverReads();
    client.serverWrites();
    client.settle();
    expect(client.differences()).toEqual([]);
  });
});
