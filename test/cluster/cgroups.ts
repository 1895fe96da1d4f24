import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../testbed/wait.ts';
import type { Layout } from './layout.ts';
import { containersOf } from './nodes/containers.ts';

const root = '/sys/fs/cgroup';

/** One hierarchy is enough to find processes by: that of `pids` with version 1, else the only one. */
const hierarchy = existsSync(join(root, 'pids')) ? join(root, 'pids') : root;

/** Below the cluster's own group, since version 2 wants no processes beside groups. */
const daemons = 'daemons';

const containerGroup = 'k8s.io';

export function makeCgroup(layout: Layout): void {
  mkdirSync(join(hierarchy, layout.cgroup, daemons), { recursive: true });
}

/** A shell command: the shell joins the cluster's group, and with it all that it starts, containerd's shims included. */
export function joinCgroup(layout: Layout): string {
  return `echo $$ >${join(hierarchy, layout.cgroup, daemons, 'cgroup.procs')}`;
}

/** Kills what is left of a cluster: containers and shims whose containerd is gone. */
export async function endProcesses(layout: Layout): Promise<void> {
  const groups = groupsOf(layout);
  const look = () => {
    const pids = groups.flatMap((group) => processesBelow(join(hierarchy, group)));
    for (const pid of pids) kill(pid);
    return pids.length === 0;
  };
  await waitUntil(look, { what: 'the processes of the cluster to end', everyMs: 50 });
}

/** Removes the cluster's groups from every hierarchy; call it while the containers' folders are there. */
export function removeCgroups(layout: Layout): void {
  const hierarchies = hierarchy === root ? [root] : readdirSync(root).map((name) => join(root, name));
  for (const one of hierarchies) {
    for (const group of groupsOf(layout)) removeTree(join(one, group));
    const shared = join(one, containerGroup);
    if (existsSync(shared) && children(shared).length === 0) rmdirSync(shared);
  }
}

/** The cluster's own, and those of its containers, which containerd makes in a group of this name. */
function groupsOf(layout: Layout): readonly string[] {
  return [layout.cgroup, ...containersOf(layout).map(({ id }) => join(containerGroup, id))];
}

function processesBelow(group: string): readonly number[] {
  if (!existsSync(group)) return [];
  const own = readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  return [...own, ...children(group).flatMap(processesBelow)];
}

/** Files of a control group cannot be removed, only the folder with all of them. */
function removeTree(group: string): void {
  if (!existsSync(group)) return;
  for (const child of children(group)) removeTree(child);
  rmdirSync(group);
}

function children(group: string): readonly string[] {
  const entries = readdirSync(group, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(group, entry.name));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
