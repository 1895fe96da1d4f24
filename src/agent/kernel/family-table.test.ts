import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalTable } from '../../../test/support/canonical-table.ts';
import { FakeKernel } from '../../../test/support/fake-kernel.ts';
import { aFrontend, endpointSet, tableOptions } from '../../../test/support/frontends.ts';
import type { DataPath, EndpointAddress, EndpointSet, Frontend, Verdict } from '../xds/service-view.ts';
import { FamilyTable } from './family-table.ts';
import { closedGate } from './gate.ts';

const options = tableOptions('ip', { cidrs: ['10.244.1.0/24'] });

const open = { ...closedGate, tcp: true, http: true };

interface Change extends Partial<Omit<Frontend, 'endpointSet'>> {
  readonly endpoints?: readonly EndpointAddress[];
  readonly verdict?: Verdict;
}

function port(address: number, number: number, change: Change = {}): Frontend {
  const { endpoints = [{ address: '10.244.1.5', port: 8080 }], verdict = 'Forward', ...rest } = change;
  const set = { family: 'IPv4', verdict, endpoints: verdict === 'Forward' ? endpoints : [] } as const;
  return aFrontend({ address: `10.96.0.${address}`, port: number, dataPath: 'EnvoyTcp', endpointSet: set, ...rest });
}

/** Commits everything to a kernel that was empty. */
function fresh(table: FamilyTable): FakeKernel {
  const kernel = new FakeKernel();
  kernel.run(table.fullTransactions());
  return kernel;
}

const anyEndpoint = fc.record({
  address: fc.integer({ min: 1, max: 8 }).map((n) => `10.244.${(n % 2) + 1}.${n}`),
  port: fc.constant(8080),
});

const anyPort: fc.Arbitrary<Frontend> = fc
  .record({
    address: fc.integer({ min: 1, max: 3 }),
    number: fc.constantFrom(80, 81),
    protocol: fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const),
    dataPath: fc.constantFrom<DataPath>('Kernel', 'EnvoyTcp', 'EnvoyHttp'),
    verdict: fc.constantFrom('Forward' as const, 'Reject' as const, 'Drop' as const),
    endpoints: fc.uniqueArray(anyEndpoint, { minLength: 1, maxLength: 6, selector: (endpoint) => endpoint.address }),
  })
  .map(({ address, number, ...rest }) => port(address, number, rest));

const anyPorts = fc.uniqueArray(anyPort, {
  maxLength: 4,
  selector: (one) => `${one.address} ${one.port} ${one.protocol}`,
});

const anyStep = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      owner: fc.constantFrom('a/a', 'b/b', 'c/c'),
      ports: anyPorts,
    }),
  },
  fc.record({
    kind: fc.constant('scopes' as const),
    names: fc.subarray(['10.96.0.1:80', '10.96.0.2:80', '10.96.0.3:81']),
  }),
  fc.record({ kind: fc.constant('gate' as const), tcp: fc.boolean(), http: fc.boolean() }),
  fc.record({ kind: fc.constant('commit' as const) }),
);

describe("one family's table", () => {
  it('holds after any sequence of changes what a fresh one holds', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        const table = new FamilyTable(options);
        const kernel = fresh(table);
        const last = new Map<string, readonly Frontend[]>();
        let scopes: ReadonlySet<string> = new Set();
        let gate = closedGate;
        for (const step of steps) {
          if (step.kind === 'put') last.set(step.owner, step.ports);
          if (step.kind === 'put') table.elements.put(step.owner, step.ports);
          if (step.kind === 'scopes') scopes = new Set(step.names);
          if (step.kind === 'scopes') table.elements.capture.setScopes(scopes);
          if (step.kind === 'gate') gate = { ...closedGate, tcp: step.tcp, http: step.http };
          if (step.kind === 'gate') table.elements.capture.setGate(gate);
          if (step.kind === 'commit') kernel.run(table.differenceTransactions());
        }
        // Scopes of addresses that were gone meanwhile are forgotten until the next look.
        table.elements.capture.setScopes(scopes);
        kernel.run(table.differenceTransactions());
        const reference = new FamilyTable(options);
        reference.elements.capture.setScopes(scopes);
        for (const [owner, ports] of last) reference.elements.put(owner, ports);
        reference.elements.capture.setGate(gate);
        expect(canonical(kernel)).toEqual(canonical(fresh(reference)));
        expect(canonical(fresh(table))).toEqual(canonical(kernel));
      }),
    );
  });

  it('moves one endpoint with one deletion and one addition, however many addresses the Service has', () => {
    const table = new FamilyTable(options);
    const endpoints = Array.from({ length: 10 }, (_none, index) => ({ address: `10.244.2.${index + 1}`, port: 8080 }));
    const put = (set: EndpointSet) => {
      const kinds = ['ClusterIP', 'LoadBalancer', 'ExternalIP', 'NodePort'] as const;
      table.elements.put(
        'a/a',
        kinds.map((kind, index) => aFrontend({ kind, address: `10.96.0.${index}`, endpointSet: set })),
      );
    };
    table.elements.setNodeAddresses({ primary: '192.168.0.1', nodePorts: ['192.168.0.1', '192.168.0.2'] });
    put(endpointSet(endpoints));
    fresh(table);
    put(endpointSet(endpoints.with(3, { address: '10.244.2.99', port: 8080 })));
    expect(
      table
        .differenceTransactions()
        .map((one) => one.toText())
        .join('')
        .trim()
        .split('\n'),
    ).toEqual([
      'delete element ip fairlead endpoints-3 { 0:1 . tcp }',
      'add element ip fairlead endpoints-3 { 0:1 . tcp : 10.244.2.99 . 8080 }',
    ]);
  });

  it('makes chains only for the numbers of endpoints that there are, once it is loaded again', () => {
    const table = new FamilyTable(options);
    const endpoints = [1, 2, 3].map((n) => ({ address: `10.244.2.${n}`, port: 8080 }));
    table.elements.put('a/a', [port(1, 80, { endpoints }), port(2, 80, { endpoints })]);
    const kernel = fresh(table);
    table.elements.put('a/a', [port(1, 80, { endpoints: endpoints.slice(1) })]);
    kernel.run(table.differenceTransactions());
    const picks = [...fresh(table).chains('ip fairlead')].filter((name) => name.startsWith('pick-'));
    expect(picks).toEqual(['pick-2']);
  });

  it('deletes what a Service that shrinks no longer needs, in a transaction of its own, but for some chains', () => {
    const table = new FamilyTable(options);
    const kernel = fresh(table);
    const grow = (count: number) => {
      const endpoints = Array.from({ length: count }, (_none, n) => ({ address: `10.244.2.${n}`, port: 8080 }));
      table.elements.put('a/a', [port(1, 80, { endpoints })]);
      kernel.run(table.differenceTransactions());
    };
    for (let count = 1; count <= 200; count += 1) grow(count);
    for (let count = 199; count >= 1; count -= 1) grow(count);
    while (table.hasExcess) kernel.run(table.differenceTransactions());
    const chains = [...kernel.chains('ip fairlead')];
    expect(chains.filter((name) => name.startsWith('pick-')).length).toBeLessThanOrEqual(16);
    expect(chains.filter((name) => name.startsWith('slot-')).length).toBeLessThanOrEqual(65);
    grow(200);
    expect(canonical(kernel)).toEqual(canonical(fresh(table)));
  });

  it('has nothing to say about a Service that did not change', () => {
    const table = new FamilyTable(options);
    table.elements.put('a/a', [port(1, 80), port(1, 81, { verdict: 'Drop', endpoints: [] })]);
    fresh(table);
    table.elements.put('a/a', [port(1, 80), port(1, 81, { verdict: 'Drop', endpoints: [] })]);
    expect(table.differenceTransactions()).toEqual([]);
  });

  it('lets Envoy take nothing that has no endpoints', () => {
    const table = new FamilyTable(options);
    table.elements.put('a/a', [port(1, 80, { verdict: 'Reject', endpoints: [] })]);
    expect(fresh(table).elements('ip fairlead').has('capture')).toBe(false);
  });

  it('takes HTTP addresses only once Envoy has their scope', () => {
    const table = new FamilyTable(options);
    const { capture } = table.elements;
    table.elements.put('a/a', [port(1, 80, { dataPath: 'EnvoyHttp' })]);
    capture.setGate(open);
    expect(capture.missingScopes).toEqual(new Set(['10.96.0.1:80']));
    expect(fresh(table).elements('ip fairlead').has('capture')).toBe(false);
    capture.setScopes(new Set(['10.96.0.1:80']));
    expect(capture.missingScopes.size).toBe(0);
    expect(fresh(table).elements('ip fairlead').get('capture')).toEqual(
      new Map([['10.96.0.1 . 80', 'goto envoy-http']]),
    );
  });

  it('asks again for the scope of an HTTP address that was gone meanwhile, not of one whose endpoints changed', () => {
    const table = new FamilyTable(options);
    const { capture } = table.elements;
    const http = port(1, 80, { dataPath: 'EnvoyHttp' });
    capture.setScopes(new Set(['10.96.0.1:80']));
    table.elements.put('a/a', [http]);
    table.elements.put('a/a', [{ ...http, endpointSet: endpointSet([{ address: '10.244.1.6', port: 8080 }]) }]);
    expect(capture.missingScopes.size).toBe(0);
    table.elements.put('a/a', []);
    table.elements.put('b/b', [http]);
    expect(capture.missingScopes).toEqual(new Set(['10.96.0.1:80']));
  });

  it('leaves to Envoy what it knows while the gates are closed', () => {
    const table = new FamilyTable(options);
    table.elements.put('a/a', [port(1, 80), port(2, 80)]);
    table.elements.capture.setGate({
      ...closedGate,
      known: { tcp: new Set(['10.96.0.2:80', '10.96.0.9:80']), http: new Set() },
    });
    const elements = fresh(table).elements('ip fairlead');
    expect(elements.get('known')).toEqual(new Map([['10.96.0.2 . 80', '']]));
    expect(elements.has('open-tcp')).toBe(false);
  });

  it('gives an address that two Services claim to the first by key, and to the other when that goes', () => {
    const table = new FamilyTable(options);
    const endpoint = (address: string) => ({ endpoints: [{ address, port: 1 }] });
    table.elements.put('b/b', [port(1, 80, endpoint('10.244.2.2'))]);
    table.elements.put('a/a', [port(1, 80, endpoint('10.244.2.1'))]);
    const endpointNow = () => {
      const elements = fresh(table).elements('ip fairlead');
      const number = elements.get('cluster-sets')?.get('10.96.0.1 . tcp . 80');
      return elements.get('endpoints-0')?.get(`${number} . tcp`);
    };
    expect(endpointNow()).toBe('10.244.2.1 . 1');
    table.elements.put('a/a', []);
    expect(endpointNow()).toBe('10.244.2.2 . 1');
  });

  it('remembers only endpoints of the node for pods that reach themselves', () => {
    const table = new FamilyTable(options);
    const endpoints = ['10.244.1.5', '10.244.2.5'].map((address) => ({ address, port: 1 }));
    table.elements.put('a/a', [port(1, 80, { endpoints })]);
    expect(fresh(table).elements('ip fairlead').get('hairpin')).toEqual(new Map([['10.244.1.5 . 10.244.1.5', '']]));
  });
});

function canonical(kernel: FakeKernel): unknown {
  return [canonicalTable(kernel.elements('ip fairlead')), canonicalTable(kernel.elements('ip fairlead-affinity'))];
}
