import { existsSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run, tryRun } from '../../testbed/run.ts';
import { waitUntil } from '../../testbed/wait.ts';
import { kubeconfigPath } from '../credentials.ts';
import { logOf, startDaemon } from '../daemons.ts';
import { asFlags } from '../flags.ts';
import { kubectl } from '../kubectl.ts';
import { bin, type Layout, type NodeLayout } from '../layout.ts';
import { writeNodeFiles } from './node-files.ts';

/** Starts a node's containerd, gives it the images, and starts its kubelet. */
export async function startNode(layout: Layout, node: NodeLayout, archives: readonly string[]): Promise<void> {
  const files = writeNodeFiles(layout, node);
  const containerd = ['containerd', '--config', files.containerd, '--log-level', 'warn'];
  const name = `containerd-${node.name}`;
  await startDaemon(layout, { name, node, command: containerd });
  await waitUntil(async () => (await tryRun([...ctr(node), 'version'])).code === 0, {
    what: `containerd of ${node.name} (${logOf(layout, name)})`,
    withinMs: 60_000,
    everyMs: 100,
  });
  for (const archive of archives) await importImage(node, archive);
  const kubelet = [join(bin, 'kubelet'), ...asFlags(kubeletFlags(layout, node, files.kubelet))];
  await startDaemon(layout, { name: `kubelet-${node.name}`, node, command: kubelet });
}

/** Makes a new node complete: its pod ranges, which no controller allocates here, its zone and role. */
export async function registerNode(layout: Layout, node: NodeLayout): Promise<void> {
  await waitUntil(() => kubectl(layout, ['get', 'node', node.name]), {
    what: `${node.name} to register (${logOf(layout, `kubelet-${node.name}`)})`,
    withinMs: 120_000,
    everyMs: 200,
  });
  const [podCIDR] = node.podCidrs;
  const labels = { 'topology.kubernetes.io/zone': node.zone };
  const patch = { spec: { podCIDR, podCIDRs: node.podCidrs }, metadata: { labels } };
  await kubectl(layout, ['patch', 'node', node.name, '-p', JSON.stringify(patch)]);
}

export async function nodesReady(layout: Layout): Promise<void> {
  const names = layout.nodes.map(({ name }) => `node/${name}`);
  await kubectl(layout, ['wait', '--for=condition=Ready', '--timeout=120s', ...names], { timeoutMs: 130_000 });
}

/** An archive that is newer than its last import is imported. */
async function importImage(node: NodeLayout, archive: string): Promise<void> {
  const stamp = join(node.folder, `imported-${basename(archive)}`);
  if (existsSync(stamp) && statSync(stamp).mtimeMs > statSync(archive).mtimeMs) return;
  await run([...ctr(node), 'images', 'import', archive], { timeoutMs: 300_000 });
  writeFileSync(stamp, '');
}

function ctr(node: NodeLayout): readonly string[] {
  return ['ctr', '--address', node.socket, '--namespace', 'k8s.io'];
}

function kubeletFlags(layout: Layout, node: NodeLayout, config: string): Readonly<Record<string, string>> {
  return {
    config,
    kubeconfig: kubeconfigPath(layout, node.name),
    'root-dir': join(node.folder, 'kubelet'),
    'cert-dir': join(node.folder, 'kubelet/pki'),
    'hostname-override': node.name,
    'node-ip': node.addresses.join(),
  };
}
