import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { endProcesses, makeCgroup, removeCgroups } from './cgroups.ts';
import { startApiServer, startControllers } from './control-plane.ts';
import { type Credentials, makeCredentials } from './credentials.ts';
import { startDaemon, stopDaemons } from './daemons.ts';
import { dnsReady, installDns } from './dns.ts';
import { makeArchive } from './images/archive.ts';
import { fairleadArchives } from './images/fairlead-images.ts';
import { testArchives } from './images/test-images.ts';
import { type ClusterOptions, type Layout, layoutOf } from './layout.ts';
import { filesLeft, removeFiles } from './leftovers.ts';
import { makeNetwork, networkLeftovers, removeNetwork } from './network.ts';
import { nodesReady, registerNode, startNode } from './nodes/nodes.ts';
import { checkMachine, installPrerequisites } from './prerequisites.ts';
import { Progress } from './progress.ts';
import { fairleadReady, installFairlead } from './proxies/fairlead.ts';
import { installKubeProxy } from './proxies/kube-proxy.ts';

/**
 * Brings a cluster up, or completes one that was interrupted.
 * @throws when one with other settings runs: rules of its proxy would stay in the kernel
 */
export async function bringUp(options: ClusterOptions): Promise<Layout> {
  checkMachine();
  await installPrerequisites();
  const layout = layoutOf(options);
  claim(layout);
  const progress = new Progress();
  const archives = await makeArchives(layout);
  progress.step('images made');
  makeCgroup(layout);
  await makeNetwork(layout);
  progress.step('network made');
  const credentials = await makeCredentials(layout);
  await startApiServer(layout, credentials);
  progress.step('etcd and API server ready');
  await startNodes(layout, credentials, archives);
  progress.step('nodes ready');
  await startProxy(layout);
  progress.step(`proxy ready: ${options.proxy}`);
  await installAddOns(layout);
  progress.step('add-ons ready');
  progress.total(`Cluster ready, KUBECONFIG=${layout.adminKubeconfig},`);
  return layout;
}

/** Removes a cluster. Gives what could not be removed. */
export async function takeDown(instance: number, logsTo?: string): Promise<readonly string[]> {
  const options = recordedOptions(instance);
  if (options === undefined) {
    process.stdout.write('No cluster is there\n');
    return [];
  }
  const progress = new Progress();
  const layout = layoutOf(options);
  await endAll(layout);
  progress.step('processes ended');
  if (logsTo !== undefined && existsSync(layout.logs)) cpSync(layout.logs, logsTo, { recursive: true });
  await removeNetwork(layout);
  removeCgroups(layout);
  await removeFiles(layout);
  const leftovers = [...(await networkLeftovers(layout)), ...filesLeft(layout)];
  progress.total(leftovers.length === 0 ? 'Cluster removed' : 'Cluster removed in part');
  return leftovers;
}

/** The settings of the cluster that runs, if one does. */
export function recordedOptions(instance: number): ClusterOptions | undefined {
  const path = recordPath(instance);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ClusterOptions) : undefined;
}

function recordPath(instance: number): string {
  const options = { instance, proxy: 'none', cni: 'ptp', families: ['IPv4'], nodes: 0, loadBalancer: false } as const;
  return join(layoutOf(options).folder, 'options.json');
}

function claim(layout: Layout): void {
  const { options } = layout;
  const recorded = recordedOptions(options.instance);
  if (recorded !== undefined && !isDeepStrictEqual(recorded, options)) {
    throw new Error(`A cluster with other settings runs (${JSON.stringify(recorded)}): make cluster-down first`);
  }
  mkdirSync(layout.folder, { recursive: true });
  writeFileSync(recordPath(options.instance), JSON.stringify(options));
}

async function makeArchives({ options }: Layout): Promise<readonly string[]> {
  const archives = [...(await testArchives()), ...(options.proxy === 'fairlead' ? fairleadArchives() : [])];
  const paths: string[] = [];
  // One after the other: each fills a core.
  for (const archive of archives) paths.push(await makeArchive(archive));
  return paths;
}

async function startNodes(layout: Layout, credentials: Credentials, archives: readonly string[]): Promise<void> {
  await startControllers(layout, credentials);
  await Promise.all(layout.nodes.map((node) => startNode(layout, node, archives)));
  await Promise.all(layout.nodes.map((node) => registerNode(layout, node)));
  await nodesReady(layout);
}

async function startProxy(layout: Layout): Promise<void> {
  const { proxy } = layout.options;
  if (proxy === 'kube-proxy') await installKubeProxy(layout);
  if (proxy !== 'fairlead') return;
  await installFairlead(layout);
  await fairleadReady(layout);
}

async function installAddOns(layout: Layout): Promise<void> {
  await installDns(layout);
  await dnsReady(layout);
  if (!layout.options.loadBalancer) return;
  const main = join(import.meta.dirname, 'load-balancer-main.ts');
  const command = [process.execPath, main, JSON.stringify(layout.options)];
  await startDaemon(layout, { name: 'load-balancer', command });
}

/** At once: the data is thrown away, and the control group has all that the daemons started. */
async function endAll(layout: Layout): Promise<void> {
  await stopDaemons(layout);
  await endProcesses(layout);
  rmSync(join(layout.folder, 'pids'), { recursive: true, force: true });
}
