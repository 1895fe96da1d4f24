// What the agent does with its node's Services: all of them into an empty kernel, and one endpoint that changes, each
// from the response that brought it to the kernel's commit. In a network namespace of its own.
import pino from 'pino';
import { FamilyTable } from '../src/agent/kernel/family-table.ts';
import { KernelSync } from '../src/agent/kernel/kernel-sync.ts';
import type { NodeTableOptions } from '../src/agent/kernel/table-options.ts';
import type { ViewResponse } from '../src/agent/xds/view-protocol.ts';
import { ViewSink } from '../src/agent/xds/view-sink.ts';
import { defaultMarks } from '../src/base/marks.ts';
import { ModelStore } from '../src/model/model.ts';
import { NftCommand } from '../src/nftables/runner.ts';
import { encodeMessage } from '../src/protos/registry.ts';
import { typeUrls } from '../src/resources/type-urls.ts';
import { defaultSettings } from '../src/translate/settings.ts';
import { translate } from '../src/translate/translate.ts';
import { endpointsUnit } from '../src/translate/units/endpoints-unit.ts';
import { addNamespaces, removeNamespaces } from '../test/testbed/namespaces.ts';
import { inNamespace } from '../test/testbed/run.ts';
import { CommitWatch } from './lib/commit-watch.ts';
import { report } from './lib/report.ts';
import { percentile } from './lib/statistics.ts';
import { allUpdates, type ClusterSize, serviceKey, sliceUpdate } from './lib/synthetic.ts';

const size: ClusterSize = {
  services: 10_000,
  endpointsPerService: 10,
  appProtocol: 'http',
  nodes: ['node-0', 'node-1'],
};
const client = { nodeName: 'node-0', zone: '' };
const loads = 3;
const warmUpChanges = 20;
const changes = 200;
const prefix = 'flbn-';
const logger = pino({ level: 'warn' }, pino.destination(2));
const viewMessage = 'fairlead.node.v1.ServiceView';

const model = new ModelStore();
model.apply(allUpdates(size));

/** The agent's tables over an empty kernel. */
interface Node {
  readonly command: readonly string[];
  readonly views: ViewSink;
  readonly kernel: KernelSync;
  readonly nft: NftCommand;
}

async function openNode(name: string): Promise<Node> {
  await addNamespaces([name]);
  const table = (family: NodeTableOptions['family'], cidr: string) =>
    new FamilyTable({
      family,
      pods: { cidrs: [cidr] },
      marks: defaultMarks,
      listeners: { tcp: 15_001, http: 15_002 },
    });
  const tables = { IPv4: table('ip', '10.128.0.0/24'), IPv6: table('ip6', 'fd00:128::/64') };
  const command = inNamespace(name, ['nft']);
  const nft = new NftCommand({ command });
  // The agent would try again, for ever.
  const failed = (reason: string) => {
    console.error(reason);
    process.exit(1);
  };
  const kernel = new KernelSync([tables.IPv4, tables.IPv6], nft, logger, { failed });
  return { command, views: new ViewSink(tables, logger), kernel, nft };
}

/** Milliseconds from a response until nft has ended, which is after the kernel's commit. */
async function receive(
  { views, kernel }: Node,
  response: Pick<ViewResponse, 'resources' | 'removed'>,
): Promise<number> {
  const start = performance.now();
  const rejected = views.apply(response);
  kernel.start();
  await kernel.flush();
  const elapsed = performance.now() - start;
  if (rejected.size > 0 || kernel.state.kind !== 'Following') throw new Error('The kernel does not hold the Services');
  return elapsed;
}

function everything(): Pick<ViewResponse, 'resources' | 'removed'> {
  const resources = translate(model, client, defaultSettings).serviceViews.map(({ name, message }) => ({
    name,
    version: '1',
    body: encodeMessage(viewMessage, message),
  }));
  return { resources, removed: [] };
}

function changeOf(generation: number): Pick<ViewResponse, 'resources' | 'removed'> {
  const index = (generation * 7_919) % size.services;
  model.apply([sliceUpdate(index, size, generation)]);
  const key = serviceKey(index);
  const { entries } = endpointsUnit.translate(model, key, defaultSettings);
  const entry = entries.find(({ typeUrl }) => typeUrl === typeUrls.serviceView);
  if (entry === undefined) throw new Error(`${key} has no view`);
  const body = encodeMessage(viewMessage, entry.build(client));
  return { resources: [{ name: key, version: String(generation), body }], removed: [] };
}

interface Listing {
  readonly nftables: readonly { readonly map?: { readonly name: string; readonly elem?: readonly unknown[] } }[];
}

/** What the kernel itself says that it has. */
async function endpointsIn({ nft }: Node): Promise<number> {
  const listing = (await nft.list('list', 'table', 'ip', 'fairlead')) as Listing;
  const maps = listing.nftables.flatMap(({ map }) => (map?.name.startsWith('endpoints-') === true ? [map] : []));
  return maps.reduce((sum, { elem }) => sum + (elem?.length ?? 0), 0);
}

interface ChangeTimes {
  readonly committed: readonly number[];
  readonly ended: readonly number[];
}

async function measureChanges(node: Node): Promise<ChangeTimes> {
  let generation = 0;
  const nextChange = () => {
    generation += 1;
    return changeOf(generation);
  };
  const watch = await CommitWatch.start(node.command, () => receive(node, nextChange()));
  const committed: number[] = [];
  const ended: number[] = [];
  for (let index = 0; index < warmUpChanges + changes; index += 1) {
    const change = nextChange();
    const commit = watch.next();
    const start = performance.now();
    const end = await receive(node, change);
    const at = await commit;
    if (index < warmUpChanges) continue;
    committed.push(at - start);
    ended.push(end);
  }
  watch.stop();
  return { committed, ended };
}

async function main(): Promise<void> {
  const all = everything();
  const times: number[] = [];
  let node: Node | undefined;
  for (let index = 0; index < loads; index += 1) {
    node = await openNode(`${prefix}${index}`);
    times.push(await receive(node, all));
  }
  if (node === undefined) return;
  const expected = size.services * size.endpointsPerService;
  const found = await endpointsIn(node);
  if (found !== expected) throw new Error(`The kernel holds ${found} endpoints, not ${expected}`);
  const { committed, ended } = await measureChanges(node);
  const subject = `${size.services} Services x ${size.endpointsPerService} endpoints`;
  report('nft', [
    { what: `${subject}: load, the slowest of ${loads}`, unit: 'ms', ours: Math.max(...times), goal: { below: 1_500 } },
    { what: 'one endpoint: update to commit, p50', unit: 'ms', ours: percentile(committed, 50), goal: { below: 20 } },
    { what: 'one endpoint: update to commit, p99', unit: 'ms', ours: percentile(committed, 99), goal: { below: 20 } },
    { what: 'one endpoint: update to the end of nft, p50', unit: 'ms', ours: percentile(ended, 50) },
  ]);
}

await removeNamespaces(prefix);
try {
  await main();
} finally {
  await removeNamespaces(prefix);
}
