import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tryRun } from '../testbed/run.ts';
import type { Layout } from './layout.ts';
import { cniNetworkName } from './nodes/node-files.ts';

/** Removes mounts and files, also those that programs put where no setting reaches. */
export async function removeFiles(layout: Layout): Promise<void> {
  for (const mount of mountsOf(layout)) await tryRun(['umount', '--lazy', mount]);
  for (const path of strayFiles(layout)) rmSync(path, { force: true });
  rmSync(layout.folder, { recursive: true, force: true });
}

/** Mounts and files of the cluster that are there. */
export function filesLeft(layout: Layout): readonly string[] {
  return [...mountsOf(layout), ...strayFiles(layout), ...(existsSync(layout.folder) ? [layout.folder] : [])];
}

/** Innermost first. */
function mountsOf(layout: Layout): readonly string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const mounts = lines.map((line) => line.split(' ')[4] ?? '');
  return mounts.filter((path) => path.startsWith(`${layout.folder}/`)).reverse();
}

/** The kubelet links logs into /var/log/containers, and the CNI library keeps results under /var/lib/cni. */
function strayFiles(layout: Layout): readonly string[] {
  const logs = filesIn('/var/log/containers').filter((path) => linkTarget(path).startsWith(`${layout.folder}/`));
  const networks = layout.nodes.map((node) => `${cniNetworkName(layout, node)}-`);
  const results = filesIn('/var/lib/cni/results').filter((path) => networks.some((name) => path.includes(`/${name}`)));
  return [...logs, ...results];
}

function filesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
