import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FamilyTable } from '../../src/agent/kernel/family-table.ts';
import { closedGate } from '../../src/agent/kernel/gate.ts';
import type { KernelPort } from '../../src/agent/kernel/kernel-port.ts';
import type { NodeTableOptions } from '../../src/agent/kernel/node-table.ts';
import { NftError } from '../../src/nftables/nft-error.ts';
import { NftCommand } from '../../src/nftables/runner.ts';
import { addNamespaces, removeNamespaces } from '../testbed/namespaces.ts';
import { inNamespace } from '../testbed/run.ts';

const prefix = 'flat-';
const namespace = `${prefix}table`;
const nft = new NftCommand({ command: inNamespace(namespace, ['nft']) });

const options = (family: 'ip' | 'ip6'): NodeTableOptions => ({
  family,
  pods: { cidrs: family === 'ip' ? ['10.244.0.0/16'] : ['fd00:244::/64'], interfacePrefix: 'v-' },
  marks: { mask: 0xfff, redirect: 1, upstream: 1337 },
  listeners: { tcp: 15_001, http: 15_002 },
});

function port(
  family: 'ip' | 'ip6',
  service: number,
  endpoints: readonly number[],
  change: Partial<KernelPort> = {},
): KernelPort {
  const address = (net: string, low: number) =>
    family === 'ip' ? `10.${net}.${low >> 8}.${low & 255}` : `fd00:${net}::${(low + 1).toString(16)}`;
  return {
    family: family === 'ip' ? 'IPv4' : 'IPv6',
    address: address('96', service),
    port: 80,
    protocol: 'TCP',
    dataPath: 'EnvoyTcp',
    verdict: endpoints.length === 0 ? 'Reject' : 'Forward',
    endpoints: endpoints.map((endpoint) => ({ address: address('244', endpoint & 0xffff), port: 8080 })),
    ...change,
  };
}

interface Listing {
  readonly nftables: readonly {
    readonly set?: { readonly name: string; readonly elem?: readonly unknown[] };
    readonly map?: { readonly name: string; readonly elem?: readonly unknown[] };
  }[];
}

/** Elements by set, as the kernel has them; endpoints of all slots together, as they may lie in any. */
async function kernelElements(family: 'ip' | 'ip6'): Promise<Record<string, readonly string[]>> {
  const listing = (await nft.list('list', 'table', family, 'fairlead')) as Listing;
  const all: Record<string, string[]> = {};
  for (const { name, elem = [] } of listing.nftables.flatMap(({ set, map }) => set ?? map ?? [])) {
    const group = name.startsWith('endpoints-') ? 'endpoints' : name;
    all[group] = [...(all[group] ?? []), ...elem.map((element) => JSON.stringify(element))].sort();
  }
  return all;
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
        await nft.run(table.fullTransaction().toText());
        for (const { owner, ports, commit, open } of steps) {
          const views = ports.map(({ service, endpoints, protocol }) => port(family, service, endpoints, { protocol }));
          for (const one of [table, reference]) {
            one.elements.put(owner, views);
            one.elements.capture.setGate({ ...closedGate, tcp: open });
          }
          const difference = table.differenceTransaction();
          if (commit && !difference.isEmpty) await nft.run(difference.toText());
          else await nft.run(table.fullTransaction().toText());
        }
        const followed = await kernelElements(family);
        await nft.run(reference.fullTransaction().toText());
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
    await nft.run(table.fullTransaction().toText());
    table.elements.put('default/s77', [port(family, 77, endpointsOf(77).with(3, 60_000))]);
    const difference = table.differenceTransaction();
    expect(difference.elementCount).toBeLessThanOrEqual(4);
    await nft.run(difference.toText());
    const elements = await kernelElements(family);
    expect(elements['endpoints']).toHaveLength(100_000);
    expect(elements['services']).toHaveLength(10_000);
    expect(elements['capture']).toHaveLength(10_000);
  });

  it('keeps what it holds when a transaction is refused, naming the line', async () => {
    const table = new FamilyTable(options(family));
    table.elements.put('a/a', [port(family, 1, [1, 2])]);
    await nft.run(table.fullTransaction().toText());
    const before = await kernelElements(family);
    const bad = `add element ${family} fairlead cluster-ips { ${family === 'ip' ? '10.96.9.9' : 'fd00:96::99'} }\ndelete element ${family} fairlead no-such { 1 }\n`;
    const failure = await nft.run(bad).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NftError);
    expect(failure).toMatchObject({ line: `delete element ${family} fairlead no-such { 1 }` });
    expect(await kernelElements(family)).toEqual(before);
  });
});
