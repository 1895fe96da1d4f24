import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Endpoint, EndpointSlice } from '../../model/endpoint.ts';
import type { ServicePort, TrafficPolicy } from '../../model/service.ts';
import type { ClientView } from '../../resources/resource-entry.ts';
import type { Candidate } from './candidates.ts';
import { endpointsOf, type PortEndpoints, type Selection, type SelectionPolicy } from './port-endpoints.ts';

const port: ServicePort = { name: 'http', protocol: 'TCP', port: 80, appProtocol: 'http' };
const nodes = ['node1', 'node2', 'node3'];
const zones = ['zone-a', 'zone-b'];
const policies: readonly TrafficPolicy[] = ['Cluster', 'Local'];
const allPolicies: readonly SelectionPolicy[] = [...policies, 'Serving', 'LocalServing'];
const clients: readonly ClientView[] = [...nodes, '', 'unknown'].flatMap((nodeName) =>
  [...zones, '', 'zone-c'].map((zone) => ({ nodeName, zone })),
);

/** Most endpoints of a case are hinted alike, or hints would hardly ever count. */
function endpointOf(hinted: boolean): fc.Arbitrary<Endpoint> {
  const hints = (names: readonly string[]) =>
    fc.oneof(
      { weight: hinted ? 20 : 1, arbitrary: fc.subarray([...names], { minLength: 1, maxLength: 2 }) },
      { weight: 1, arbitrary: fc.constant([]) },
    );
  return fc.record(
    {
      address: fc.integer({ min: 1, max: 8 }).map((n) => `10.0.0.${n}`),
      ready: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
      serving: fc.boolean(),
      terminating: fc.boolean(),
      nodeName: fc.constantFrom(...nodes),
      zone: fc.constantFrom(...zones),
      hintZones: hints(zones),
      hintNodes: hints(nodes),
    },
    { requiredKeys: ['address', 'ready', 'serving', 'terminating', 'hintZones', 'hintNodes'] },
  );
}

function sliceOf(hinted: boolean): fc.Arbitrary<EndpointSlice> {
  return fc.record({
    namespace: fc.constant('shop'),
    name: fc.constant('web'),
    serviceName: fc.constant('web'),
    family: fc.constantFrom('IPv4', 'IPv4', 'IPv4', 'IPv6'),
    ports: fc.constantFrom(
      [{ name: 'http', protocol: 'TCP' as const, port: 8080 }],
      [{ name: 'http', protocol: 'TCP' as const, port: 9090 }],
      [{ name: 'other', protocol: 'TCP' as const, port: 8080 }],
    ),
    endpoints: fc.array(endpointOf(hinted), { maxLength: 5 }),
  });
}

const slicesOf = (hinted: boolean) => fc.array(sliceOf(hinted), { maxLength: 4 });
const slices = fc.boolean().chain(slicesOf);

/** Some slices stay, some go, some come, and some were read again, in any order: as after changes of one Service. */
const beforeAndAfter = fc.boolean().chain((hinted) =>
  slicesOf(hinted).chain((before) =>
    fc.tuple(
      fc.constant(before),
      fc
        .tuple(fc.shuffledSubarray(before), fc.shuffledSubarray(before), fc.array(sliceOf(hinted), { maxLength: 1 }))
        .map(([stay, again, come]) => {
          const kept = stay.map((slice) => (again.includes(slice) ? structuredClone(slice) : slice));
          return [...kept, ...come];
        }),
    ),
  ),
);

/** kube-proxy's way: everything is looked at for each client (Kubernetes 1.36, pkg/proxy/topology.go). */
function byTheContract(all: readonly EndpointSlice[], policy: TrafficPolicy, client: ClientView): Selection {
  const candidates = all.flatMap(candidatesOf).sort(inOrder);
  const everywhere = usable(candidates);
  if (everywhere.length === 0) return { verdict: 'Reject', endpoints: [] };
  if (policy === 'Cluster') return { verdict: 'Forward', endpoints: nearest(everywhere, client) };
  const local = usable(candidates.filter(({ endpoint }) => endpoint.nodeName === client.nodeName));
  return local.length > 0 ? { verdict: 'Forward', endpoints: local } : { verdict: 'Drop', endpoints: [] };
}

function candidatesOf({ family, ports, endpoints }: EndpointSlice): readonly Candidate[] {
  const [target] = ports;
  if (family !== 'IPv4' || target?.name !== 'http') return [];
  return endpoints.map((endpoint) => ({ endpoint, port: target.port }));
}

/** Of one address and port the ready one is first, then the one that serves while terminating. */
function inOrder(a: Candidate, b: Candidate): number {
  const keyOf = ({ endpoint, port: number }: Candidate) => {
    const { address, ready, serving, terminating, nodeName = '', zone = '', hintNodes, hintZones } = endpoint;
    const rank = ready ? 0 : serving && terminating ? 1 : 2;
    const hints = `${hintNodes.join()} ${hintZones.join()}`;
    return [address, number, rank, nodeName, zone, hints, `${serving} ${terminating}`] as const;
  };
  const [left, right] = [keyOf(a), keyOf(b)];
  for (const [index, value] of left.entries()) {
    const other = right[index] ?? '';
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}

function usable(candidates: readonly Candidate[]): readonly Candidate[] {
  const first = new Map<string, Candidate>();
  for (const one of candidates) {
    const key = `${one.endpoint.address} ${one.port}`;
    if (!first.has(key)) first.set(key, one);
  }
  const ready = [...first.values()].filter(({ endpoint }) => endpoint.ready);
  return ready.length > 0
    ? ready
    : [...first.values()].filter(({ endpoint }) => endpoint.serving && endpoint.terminating);
}

function nearest(everywhere: readonly Candidate[], { nodeName, zone }: ClientView): readonly Candidate[] {
  const all = (has: (endpoint: Endpoint) => boolean) =>
    everywhere.every(({ endpoint }) => endpoint.ready && has(endpoint));
  if (all(({ hintNodes }) => hintNodes.length > 0)) {
    const here = everywhere.filter(({ endpoint }) => endpoint.hintNodes.includes(nodeName));
    if (here.length > 0) return here;
  }
  if (zone === '' || !all(({ hintZones }) => hintZones.length > 0)) return everywhere;
  const near = everywhere.filter(({ endpoint }) => endpoint.hintZones.includes(zone));
  return near.length > 0 ? near : everywhere;
}

function keyOf(endpoints: PortEndpoints, policy: SelectionPolicy, { nodeName, zone }: ClientView): string {
  return { fleet: '', zone, node: nodeName }[endpoints.scope(policy)];
}

describe('the selection', () => {
  it('is the one of the contract, for every client', () => {
    fc.assert(
      fc.property(slices, fc.constantFrom(...policies), (given, policy) => {
        const endpoints = endpointsOf(given, port, 'IPv4');
        for (const client of clients) {
          expect(endpoints.select(policy, client)).toEqual(byTheContract(given, policy, client));
        }
        expect(endpoints.isUsable).toBe(
          byTheContract(given, 'Cluster', { nodeName: '', zone: '' }).verdict === 'Forward',
        );
      }),
      { numRuns: 500 },
    );
  });

  it('of what is serving is the same for clients of one scope, and on a node the part of the whole that is there', () => {
    fc.assert(
      fc.property(slices, (given) => {
        const endpoints = endpointsOf(given, port, 'IPv4');
        for (const client of clients) {
          const here = endpoints.select('LocalServing', client).endpoints;
          for (const { endpoint } of here) expect(endpoint).toMatchObject({ serving: true, nodeName: client.nodeName });
          const all = endpoints.select('Serving', client).endpoints.map(({ endpoint }) => endpoint.address);
          for (const { endpoint } of here) expect(all).toContain(endpoint.address);
          if (endpoints.scope('LocalServing') === 'fleet') expect(here).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('differs after a change for no client that is not named', () => {
    fc.assert(
      fc.property(beforeAndAfter, fc.constantFrom(...allPolicies), ([before, after], policy) => {
        const [previous, now] = [endpointsOf(before, port, 'IPv4'), endpointsOf(after, port, 'IPv4')];
        const scope = now.scope(policy);
        const changed = now.changedKeys(policy, scope, previous);
        if (changed === undefined) return;
        for (const client of clients) {
          if (changed.has(keyOf(now, policy, client))) continue;
          expect(now.select(policy, client)).toEqual(previous.select(policy, client));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

it('does not depend on the order of slices that disagree about an endpoint', () => {
  const sliceOfOne = (serving: boolean): EndpointSlice => ({
    ...{ namespace: 'shop', name: 'web', serviceName: 'web', family: 'IPv4' },
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: [
      {
        address: '10.0.0.1',
        ready: true,
        serving,
        terminating: false,
        nodeName: 'node1',
        hintZones: [],
        hintNodes: [],
      },
    ],
  });
  const [one, other] = [sliceOfOne(true), sliceOfOne(false)];
  const client = { nodeName: 'node1', zone: '' };
  const [before, after] = [
    [one, other],
    [other, sliceOfOne(true)],
  ].map((given) => endpointsOf(given, port, 'IPv4').select('Local', client));
  expect(after).toEqual(before);
});

describe('a Service that has endpoints on a thousand nodes', () => {
  const perSlice = 100;
  const policyCases = [
    ['Local', []],
    ['Cluster', ['node']],
  ] as const;

  /** `moved`: how many times the first endpoint of the slice has got another address. */
  function sliceAt(number: number, hints: readonly string[], moved = 0): EndpointSlice {
    const endpoints = Array.from({ length: perSlice }, (_, index) => {
      const node = `node-${number * perSlice + index}`;
      const address = index === 0 && moved > 0 ? `10.255.0.${moved}` : `10.${number}.0.${index}`;
      const conditions = { ready: true, serving: true, terminating: false };
      return { address, ...conditions, nodeName: node, hintZones: [], hintNodes: hints.map(() => node) };
    });
    const ports = [{ name: 'http', protocol: 'TCP' as const, port: 8080 }];
    return { namespace: 'shop', name: `web-${number}`, serviceName: 'web', family: 'IPv4', ports, endpoints };
  }

  it.each(policyCases)('names the node of the one that moved (policy %s, hints %j)', (policy, hints) => {
    const before = Array.from({ length: 10 }, (_, number) => sliceAt(number, hints));
    const after = before.map((slice, number) => (number === 3 ? sliceAt(3, hints, 1) : slice));
    const changed = endpointsOf(after, port, 'IPv4').changedKeys(policy, 'node', endpointsOf(before, port, 'IPv4'));
    const named = Array.from({ length: 1_000 }, (_, node) => `node-${node}`).filter((node) => changed?.has(node));
    expect(named).toEqual(['node-300']);
  });

  it('looks at the endpoints of the slice that changed only', () => {
    let reads = 0;
    /** Counts how often a slice's endpoints are gone through. */
    const counted = (slice: EndpointSlice): EndpointSlice => ({
      ...slice,
      get endpoints() {
        reads += 1;
        return slice.endpoints;
      },
    });
    const before = Array.from({ length: 10 }, (_, number) => counted(sliceAt(number, [])));
    const previous = endpointsOf(before, port, 'IPv4');
    for (let node = 0; node < 1_000; node += 1) previous.local(`node-${node}`);
    const after = before.map((slice, number) => (number === 3 ? counted(sliceAt(3, [], 1)) : slice));
    reads = 0;
    const now = endpointsOf(after, port, 'IPv4');
    expect(now.scope('Local')).toBe('node');
    expect(now.changedKeys('Local', 'node', previous)?.has('node-300')).toBe(true);
    expect(now.local('node-300').map(({ endpoint }) => endpoint.address)).toEqual(['10.255.0.1']);
    // The one that came for its index, the one that came and the one that went for the comparison.
    expect(reads).toBe(3);
  });
});
