import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../testbed/wait.ts';
import { joinCgroup } from './cgroups.ts';
import type { Layout, NodeLayout } from './layout.ts';

/** A process that outlives the command that starts it. Its record tells it from a later process with the same id. */
interface DaemonRecord {
  readonly pid: number;
  /** In ticks since the machine's start: field 22 of /proc/PID/stat. */
  readonly started: string;
}

export interface DaemonSpec {
  /** Names the record and the log. */
  readonly name: string;
  /** Runs in this node's network namespace and under its host name; absent: on the machine itself. */
  readonly node?: NodeLayout;
  readonly command: readonly string[];
}

/** Starts a daemon unless it runs already. */
export async function startDaemon(layout: Layout, spec: DaemonSpec): Promise<void> {
  const pids = join(layout.folder, 'pids');
  mkdirSync(pids, { recursive: true });
  mkdirSync(layout.logs, { recursive: true });
  const record = join(pids, `${spec.name}.json`);
  if (isAlive(readRecord(record))) return;
  const log = openSync(logOf(layout, spec.name), 'a');
  const [file = '', ...args] = wrapped(layout, spec);
  const child = spawn(file, args, { stdio: ['ignore', log, log], detached: true, cwd: layout.folder });
  closeSync(log);
  await once(child, 'spawn');
  writeFileSync(record, JSON.stringify(recordOf(child.pid ?? 0)));
  child.unref();
}

export function logOf(layout: Layout, name: string): string {
  return join(layout.logs, `${name}.log`);
}

/** The names of the daemons that run. */
export function runningDaemons(layout: Layout): readonly string[] {
  const folder = join(layout.folder, 'pids');
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).map((file) => file.replace(/\.json$/, ''));
  return names.filter((name) => isAlive(readRecord(join(folder, `${name}.json`))));
}

/** Kills all daemons, and waits until they are gone. */
export async function stopDaemons(layout: Layout): Promise<void> {
  const names = runningDaemons(layout);
  const records = names.flatMap((name) => readRecord(join(layout.folder, 'pids', `${name}.json`)) ?? []);
  for (const { pid } of records) process.kill(pid, 'SIGKILL');
  await waitUntil(() => !records.some(isAlive), { what: `${names.join(', ')} to end` });
}

/**
 * Only the network namespace is the node's: with the machine's mounts, containerd and kubelet find /sys/fs/cgroup (`ip netns exec`
 * would hide it). A host name of its own, or pods on the host's network would all say one name.
 */
function wrapped(layout: Layout, { node, command }: DaemonSpec): readonly string[] {
  const inCgroup = ['sh', '-c', `${joinCgroup(layout)}; exec "$@"`, 'sh'];
  if (node === undefined) return [...inCgroup, ...command];
  const named = ['sh', '-c', 'echo "$0" >/proc/sys/kernel/hostname; exec "$@"', node.name];
  return [...inCgroup, 'nsenter', `--net=/run/netns/${node.namespace}`, '--', 'unshare', '--uts', ...named, ...command];
}

function recordOf(pid: number): DaemonRecord {
  return { pid, started: startOf(pid) ?? '' };
}

function readRecord(path: string): DaemonRecord | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as DaemonRecord) : undefined;
}

function isAlive(record: DaemonRecord | undefined): boolean {
  return record !== undefined && startOf(record.pid) === record.started;
}

/** Undefined: there is no such process, or only what is left of one that ended. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
