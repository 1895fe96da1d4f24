import fc from 'fast-check';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { canonicalTable } from '../../../test/support/canonical-table.ts';
import { FakeKernel } from '../../../test/support/fake-kernel.ts';
import { tableOptions } from '../../../test/support/frontends.ts';
import { encodeMessage } from '../../protos/registry.ts';
import { FamilyTable } from '../kernel/family-table.ts';
import type { NodeTableOptions } from '../kernel/table-options.ts';
import type { ViewResponse } from './view-protocol.ts';
import { ViewSink } from './view-sink.ts';

const logger = pino({ level: 'silent' });
const tableOf = (family: NodeTableOptions['family'], cidr: string) =>
  new FamilyTable(tableOptions(family, { cidrs: [cidr] }));

/** A node's tables, and the kernel that got every transaction. */
class Node {
  readonly families = { IPv4: tableOf('ip', '10.244.0.0/16'), IPv6: tableOf('ip6', 'fd00:244::/64') };
  readonly views = new ViewSink(this.families, logger);
  readonly #kernel = new FakeKernel();

  constructor() {
    for (const table of Object.values(this.families)) this.#kernel.run(table.fullTransactions());
  }

  receive(response: Pick<ViewResponse, 'resources' | 'removed'>): void {
    this.views.apply(response);
    for (const table of Object.values(this.families)) this.#kernel.run(table.differenceTransactions());
  }

  get elements(): unknown {
    return ['ip fairlead', 'ip6 fairlead'].map((table) => canonicalTable(this.#kernel.elements(table)));
  }
}

const anySet = fc.record({
  family: fc.constantFrom('IPV4', 'IPV6'),
  endpoints: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }),
});

const anyFrontend = fc.record({
  kind: fc.constantFrom('CLUSTER_IP', 'CLUSTER_IP', 'EXTERNAL_IP'),
  last: fc.integer({ min: 1, max: 3 }),
  port: fc.constantFrom(80, 81),
  isUdp: fc.boolean(),
  dataPath: fc.constantFrom('KERNEL', 'ENVOY_TCP', 'ENVOY_HTTP'),
  set: fc.nat({ max: 1 }),
});

const six = (last: number) => Uint8Array.from([0xfd, 0, 2, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
const addressOf = (family: string, last: number) =>
  family === 'IPV4' ? Uint8Array.from([10, 244, 0, last]) : six(last);

/** Some are malformed: one address twice. Several Services want the same addresses. */
const anyView = fc
  .record({ sets: fc.tuple(anySet, anySet), frontends: fc.array(anyFrontend, { maxLength: 5 }) })
  .map(({ sets, frontends }) => ({
    endpointSets: sets.map(({ family, endpoints }) => ({
      family,
      verdict: endpoints.length === 0 ? 'REJECT' : 'FORWARD',
      addresses: Uint8Array.from(endpoints.flatMap((last) => [...addressOf(family, last)])),
      ports: endpoints.length === 0 ? [] : [8080],
    })),
    frontends: frontends.map(({ last, isUdp, dataPath, set, ...rest }) => ({
      ...rest,
      address: addressOf(sets[set]?.family ?? '', last),
      ...(isUdp ? { protocol: 'UDP' } : { dataPath }),
      endpointSet: set,
    })),
  }));

const names = ['a', 'b', 'c'];
const anyResponse = fc.record({
  views: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), anyView), { selector: ([name]) => name, maxLength: 3 }),
  removed: fc.subarray(names),
});

const resourceOf = (name: string, view: object) => ({
  name: `shop/${name}`,
  version: '',
  body: encodeMessage('fairlead.node.v1.ServiceView', { namespace: 'shop', name, ...view }),
});

it('puts into both tables what the last good views say, wherever addresses move within and between responses', () => {
  fc.assert(
    fc.property(fc.array(anyResponse, { minLength: 1, maxLength: 12 }), (responses) => {
      const node = new Node();
      const last = new Map<string, ReturnType<typeof resourceOf>>();
      for (const { views, removed } of responses) {
        const resources = views.map(([name, view]) => resourceOf(name, view));
        const probe = new ViewSink({ IPv4: undefined, IPv6: undefined }, logger);
        const rejected = probe.apply({ resources, removed: [] });
        for (const name of removed) last.delete(`shop/${name}`);
        for (const one of resources) if (!rejected.has(one.name)) last.set(one.name, one);
        node.receive({ resources, removed: removed.map((name) => `shop/${name}`) });
        const fresh = new Node();
        fresh.receive({ resources: [...last.values()].reverse(), removed: [] });
        expect(node.elements).toEqual(fresh.elements);
      }
    }),
    { numRuns: 100 },
  );
});
