import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FamilyTable } from '../../src/agent/kernel/family-table.ts';
import { closedGate } from '../../src/agent/kernel/gate.ts';
import type { Frontend } from '../../src/agent/xds/service-view.ts';
import { NftError } from '../../src/nftables/nft-error.ts';
import { NftCommand } from '../../src/nftables/runner.ts';
import type { Transaction } from '../../src/nftables/transaction.ts';
import { canonicalTable } from '../support/canonical-table.ts';
import { aFrontend, endpointSet, tableOptions } from '../support/frontends.ts';
import { addNamespaces, removeNamespaces } from '../testbed/namespaces.ts';
import { inNamespace } from '../testbed/run.ts';

const prefix = 'flat-';
const namespace = `${prefix}table`;
const nft = new NftCommand({ command: inNamespace(namespace, ['nft']) });

const options = (family: 'ip' | 'ip6') =>
  tableOptions(family, {
    cidrs: family === 'ip' ? ['10.244.0.0/16'] : ['fd00:244::/64'],
    interfaces: { kind: 'Prefix', text: 'v-' },
  });

const textOf = (transactions: readonly Transaction[]) => transactions.map((one) => one.toText()).join('');

function port(
  family: 'ip' | 'ip6',
  service: number,
  endpoints: readonly number[],
  change: Partial<Frontend> = {},
): Frontend {
  const address = (net: string, low: number) =>
    family === 'ip' ? `10.${net}.${low >> 8}.${low & 255}` : `fd00:${net}::${(low + 1).toString(16)}`;
  const addresses = endpoints.map((endpoint) => ({ address: address('244', endpoint & 0xffff), port: 8080 }));
  return aFrontend({
    address: address('96', service),
    dataPath: change.protocol === undefined ? 'EnvoyTcp' : 'Kernel',
    endpointSet: endpointSet(addresses, family === 'ip' ? 'IPv4' : 'IPv6'),
    ...change,
  });
}

interface Listing {
  readonly nftables: readonly {
    readonly set?: { readonly name: string; readonly elem?: readonly unknown[] };
    readonly map?: { readonly name: string; readonly elem?: readonly unknown[] };
  }[];
}

/** As the kernel has them. */
async function kernelElements(family: 'ip' | 'ip6'): Promise<ReturnType<typeof canonicalTable>> {
  const listing = (await nft.list('list', 'table', family, 'fairlead')) as Listing;
  const sets = listing.nftables.flatMap(({ set, map }) => set ?? map ?? []);
  return canonicalTable(new Map(sets.map(({ name, elem = [] }) => [name, new Map(elem.map((one) => elementOf(one)))])));
}

/** Elements of maps are pairs, concatenations are lists, and what has a time is an object. */
function elementOf(element: unknown): [key: string, value: string] {
  return Array.isArray(element) ? [textOfPart(element[0]), textOfPart(element[1])] : [textOfPart(element), ''];
}

function textOfPart(part: unknown): string {
  if (typeof part !== 'object' || part === null) return String(part);
  const { concat, goto: to, prefix } = part as Record<string, unknown>;
  if (Array.isArray(concat)) return concat.map(textOfPart).join(' . ');
  if (to !== undefined) return `goto ${(to as { target: string }).target}`;
  if (prefix !== undefined) return JSON.stringify(prefix);
  return JSON.stringify(part);
}

describe.each(['ip', 'ip6'] as const)('the table in the kernel, %s', (family) => {
  beforeAll(async () => {
    await removeNamespaces(prefix);
    await addNamespaces([namespace]);
  });

  afterAll(async () => {
    nft.close();
    await removeNamespaces(prefix);
  });

  const anyPorts = fc.uniqueArray(
    fc.record({
      service: fc.integer({ min: 1, max: 4 }),
      endpoints: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }),
      protocol: fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const),
    }),
    { maxLength: 4, selector: ({ service, protocol }) => `${service} ${protocol}` },
  );
  const anyStep = fc.record({
    owner: fc.constantFrom('a/a', 'b/b'),
    ports: anyPorts,
    commit: fc.boolean(),
    open: fc.boolean(),
  });

  it('holds after any sequence of changes what a fresh load holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 12 }), async (steps) => {
        const table = new FamilyTable(options(family));
        const reference = new FamilyTable(options(family));
        await nft.run(textOf(table.fullTransactions()));
        for (const { owner, ports, commit, open } of steps) {
          const views = ports.map(({ service, endpoints, protocol }) => port(family, service, endpoints, { protocol }));
          for (const one of [table, reference]) {
            one.elements.put(owner, views);
            one.elements.capture.setGate({ ...closedGate, tcp: open });
          }
          const difference = table.differenceTransactions();
          if (commit && difference.length > 0) await nft.run(textOf(difference));
          else await nft.run(textOf(table.fullTransactions()));
        }
        const followed = await kernelElements(family);
        await nft.run(textOf(reference.fullTransactions()));
        expect(followed).toEqual(await kernelElements(family));
      }),
      { numRuns: 25 },
    );
  });

  it('takes 10,000 Services of 10 endpoints, and one change of an endpoint', async () => {
    const table = new FamilyTable(options(family));
    const endpointsOf = (service: number) => Array.from({ length: 10 }, (_none, index) => service * 5 + index);
    for (let service = 0; service < 10_000; service += 1) {
      table.elements.put(`default/s${service}`, [port(family, service, endpointsOf(service))]);
    }
    await nft.run(textOf(table.fullTransactions()));
    table.elements.put('default/s77', [port(family, 77, endpointsOf(77).with(3, 60_000))]);
    const difference = table.differenceTransactions();
    expect(difference.reduce((sum, { elementCount }) => sum + elementCount, 0)).toBeLessThanOrEqual(4);
    await nft.run(textOf(difference));
    const elements = await kernelElements(family);
    expect(elements['endpoint sets']?.flatMap((set) => set.split(', '))).toHaveLength(100_000);
    expect(elements['services']).toHaveLength(10_000);
    expect(elements['capture']).toHaveLength(10_000);
  });

  it('keeps what it holds when a transaction is refused, naming the line', async () => {
    const table = new FamilyTable(options(family));
    table.elements.put('a/a', [port(family, 1, [1, 2])]);
    await nft.run(textOf(table.fullTransactions()));
    const before = await kernelElements(family);
    const bad = `add element ${family} fairlead cluster-ips { ${family === 'ip' ? '10.96.9.9' : 'fd00:96::99'} }\ndelete element ${family} fairlead no-such { 1 }\n`;
    const failure = await nft.run(bad).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NftError);
    expect(failure).toMatchObject({ line: `delete element ${family} fairlead no-such { 1 }` });
    expect(await kernelElements(family)).toEqual(before);
  });
});
