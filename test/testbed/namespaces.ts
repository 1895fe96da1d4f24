import { existsSync, readdirSync } from 'node:fs';
import { run, tryRun } from './run.ts';
import { waitUntil } from './wait.ts';

const directory = '/run/netns';

export function listNamespaces(prefix: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.startsWith(prefix))
    .sort();
}

export async function addNamespaces(names: readonly string[]): Promise<void> {
  await ipBatch(names.map((name) => `netns add ${name}`));
  await Promise.all(names.map((name) => run(['ip', '-n', name, 'link', 'set', 'lo', 'up'])));
}

/** Ends every process in the namespaces of a prefix and deletes them, with all their interfaces. */
export async function removeNamespaces(prefix: string): Promise<void> {
  const names = listNamespaces(prefix);
  await Promise.all(names.map(endProcessesIn));
  await ipBatch(names.map((name) => `netns del ${name}`));
}

export async function processesIn(namespace: string): Promise<readonly number[]> {
  const { stdout } = await tryRun(['ip', 'netns', 'pids', namespace]);
  return stdout.split('\n').filter(Boolean).map(Number);
}

async function endProcessesIn(namespace: string): Promise<void> {
  const pids = await processesIn(namespace);
  if (pids.length === 0) return;
  for (const pid of pids) killIfThere(pid);
  await waitUntil(async () => (await processesIn(namespace)).length === 0, {
    what: `the processes in ${namespace} to end`,
  });
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Runs many `ip` commands in one process. */
export async function ipBatch(commands: readonly string[], namespace?: string): Promise<void> {
  if (commands.length === 0) return;
  const target = namespace === undefined ? [] : ['-n', namespace];
  await run(['ip', ...target, '-batch', '-'], { input: `${commands.join('\n')}\n` });
}
