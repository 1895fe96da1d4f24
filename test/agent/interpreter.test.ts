// Random Services in a real kernel, dialled by real clients, against the interpreter on the same tables: what a client sees must be
// one of the interpreter's outcomes.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FamilyTable } from '../../src/agent/kernel/family-table.ts';
import type { Frontend, FrontendKind } from '../../src/agent/xds/service-view.ts';
import { defaultMarks } from '../../src/base/marks.ts';
import { outcomes } from '../../src/nftables/interpreter/outcomes.ts';
import { contentsOf } from '../../src/nftables/interpreter/table-contents.ts';
import { aFrontend, endpointSet, tableOptions } from '../support/frontends.ts';
import type { DialResult } from './support/dial.ts';
import { KernelNode } from './support/kernel-node.ts';
import { echoPorts, Lab, type PodName, pods } from './support/lab.ts';

const addresses = { p1a: pods.p1a.IPv4, p1b: pods.p1b.IPv4, node1: '192.168.50.1', ctl: '192.168.50.100' } as const;
const virtual = { ClusterIP: '10.96.0.1', LoadBalancer: '203.0.113.1', ExternalIP: '203.0.113.2' } as const;
const options = tableOptions('ip', { cidrs: ['10.244.1.0/24'] });
const local: readonly PodName[] = ['p1a', 'p1b'];

interface Sample {
  readonly kind: FrontendKind;
  readonly isLocal: boolean;
  readonly endpoints: readonly PodName[];
  readonly sourceRanges: readonly string[];
  readonly client: keyof typeof addresses;
}

const anySample: fc.Arbitrary<Sample> = fc.record({
  kind: fc.constantFrom<FrontendKind>('ClusterIP', 'LoadBalancer', 'ExternalIP', 'NodePort'),
  isLocal: fc.boolean(),
  endpoints: fc.subarray<PodName>(['p1a', 'p1b', 'p2a']),
  sourceRanges: fc.subarray(['192.168.50.0/26', '10.244.1.0/24', '192.168.50.64/26']),
  client: fc.constantFrom('p1a', 'p1b', 'node1', 'ctl'),
});

// The same each time, so that a failure can be looked at.
const samples = fc.sample(anySample, { numRuns: 40, seed: 7 });

let lab: Lab;
let node: KernelNode;

beforeAll(async () => {
  lab = await Lab.open({ prefix: 'flin-' });
  for (const address of Object.values(virtual)) {
    await lab.run('ctl', 'ip', 'route', 'add', address, 'via', addresses.node1);
  }
  node = new KernelNode(lab.network.namespaceOf('node1'), options);
  prepare(node.table);
  await node.load();
}, 60_000);

afterAll(async () => {
  node.close();
  await lab.close();
});

it.each(samples)('the kernel does what the interpreter says: %j', async (sample) => {
  const frontend = frontendOf(sample);
  const allowed = interpreted(sample, frontend);
  await node.put('a/a', [frontend]);
  const host = frontend.address || addresses.node1;
  const count = allowed.includes('Dropped') ? 1 : 4;
  const results = await lab.dial(sample.client, 'tcp', host, frontend.port, count, 700);
  for (const result of results) expect(allowed).toContain(seenBy(sample, result));
});

function prepare(table: FamilyTable): void {
  table.elements.setNodeAddresses({ primary: addresses.node1, nodePorts: [addresses.node1] });
}

function frontendOf({ kind, isLocal, endpoints, sourceRanges }: Sample): Frontend {
  const setOf = (members: readonly PodName[]) => {
    const all = members.map((pod) => ({ address: pods[pod].IPv4, port: echoPorts.tcp }));
    return endpointSet(all, 'IPv4', endpoints.length > 0 ? 'Drop' : 'Reject');
  };
  return aFrontend({
    kind,
    address: kind === 'NodePort' ? '' : virtual[kind],
    port: kind === 'NodePort' ? 30_080 : 80,
    trafficPolicy: isLocal ? 'Local' : 'Cluster',
    endpointSet: setOf(isLocal ? endpoints.filter((pod) => local.includes(pod)) : endpoints),
    shortCircuitSet: isLocal && kind !== 'ClusterIP' ? setOf(endpoints) : undefined,
    sourceRanges: kind === 'LoadBalancer' ? sourceRanges : [],
  });
}

/** Every outcome in words. */
function interpreted({ client }: Sample, frontend: Frontend): readonly string[] {
  const table = new FamilyTable(options);
  prepare(table);
  table.elements.put('a/a', [frontend]);
  const host = {
    isLocal: (address: string) => address === addresses.node1,
    isRoutedToSockets: (mark: number) => (mark & defaultMarks.mask) === defaultMarks.redirect,
    listensAt: () => false,
  };
  const to = { destination: frontend.address || addresses.node1, destinationPort: frontend.port };
  const incoming = client === 'node1' ? {} : { incoming: 'any' };
  const packet = { family: 'ip', protocol: 'tcp', source: addresses[client], sourcePort: 40_000, ...to } as const;
  const all = outcomes({ tables: contentsOf(table.fullTransactions()), host, packet: { ...packet, ...incoming } });
  return all.map(({ fate, packet: last, sourceTranslation }) => {
    if (fate.kind !== 'Sent') return fate.kind;
    return `${podAt(last.destination)} sees ${sourceTranslation.kind === 'None' ? 'the client' : 'the node'}`;
  });
}

function podAt(address: string): string {
  return (Object.keys(pods) as PodName[]).find((pod) => pods[pod].IPv4 === address) ?? address;
}

/** The node's own address may be the one to which it is masqueraded. */
function seenBy({ client }: Sample, result: DialResult): string {
  if ('error' in result) return { ECONNREFUSED: 'Rejected', TIMEOUT: 'Dropped' }[result.error] ?? result.error;
  const { pod, clientAddress } = result.echo;
  const isClient = client !== 'node1' && clientAddress === addresses[client];
  return `${pod} sees ${isClient ? 'the client' : 'the node'}`;
}
