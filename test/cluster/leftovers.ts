import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tryRun } from '../testbed/run.ts';
import type { Layout } from './layout.ts';
import { type Container, containersOf } from './nodes/containers.ts';

/** Folders that kubelet, containerd and the CNI library make where no setting reaches. */
const fixedFolders = {
  logs: '/var/log/containers',
  cniResults: '/var/lib/cni/results',
  shims: '/run/containerd/s',
  devicePlugins: '/var/lib/kubelet/device-plugins',
} as const;

/** Removes mounts and files of a cluster whose processes have ended. */
export async function removeFiles(layout: Layout): Promise<void> {
  const strays = strayFiles(layout);
  for (const mount of mountsOf(layout)) await tryRun(['umount', '--lazy', mount]);
  for (const path of strays) rmSync(path, { force: true });
  rmSync(layout.folder, { recursive: true, force: true });
  for (const folder of Object.values(fixedFolders)) removeIfEmpty(folder);
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

/** Links to logs, sockets of shims and results of CNI plugins; the last two carry no name of the cluster, but a container's. */
function strayFiles(layout: Layout): readonly string[] {
  const logs = filesIn(fixedFolders.logs).filter((path) => linkTarget(path).startsWith(`${layout.folder}/`));
  const containers = containersOf(layout);
  const results = filesIn(fixedFolders.cniResults).filter((path) => containers.some(({ id }) => path.includes(id)));
  const sockets = containers.flatMap(shimSocket);
  return [...logs, ...results, ...sockets, ...filesIn(fixedFolders.devicePlugins).filter(isDeadSocket)].filter(
    existsSync,
  );
}

function shimSocket({ bundle }: Container): readonly string[] {
  const file = join(bundle, 'address');
  return existsSync(file) ? [readFileSync(file, 'utf8').replace('unix://', '')] : [];
}

/** All kubelets of a machine make the same socket; the last one's may be in use. */
function isDeadSocket(path: string): boolean {
  return !readFileSync('/proc/net/unix', 'utf8').includes(path);
}

/** A folder and those above that hold nothing else. */
function removeIfEmpty(folder: string): void {
  for (const path of [folder, join(folder, '..')]) {
    if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
  }
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
