import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './layout.ts';

/** Installs what the cluster runs on, where it is missing: Debian packages, Envoy, the compiled program, Kubernetes. */
export async function installPrerequisites(): Promise<void> {
  await show([join(repository, 'scripts/setup.sh'), 'tools', 'npm', 'envoy', 'build', 'cluster']);
  await buildTools('cluster');
}

/** Builds a group of test/tools/build.sh from Go modules, where it is missing. */
export async function buildTools(group: 'cluster' | 'e2e'): Promise<void> {
  await show([join(repository, 'test/tools/build.sh'), group]);
}

/**
 * Why no cluster can run on this machine.
 * @throws with what is missing
 */
export function checkMachine(): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error('A cluster needs Linux and root: it makes network namespaces, control groups and mounts');
  }
  const fileSystems = readFileSync('/proc/filesystems', 'utf8');
  if (!fileSystems.includes('\toverlay')) throw new Error('The kernel has no overlay file system (CONFIG_OVERLAY_FS)');
}

/** Runs a command whose output goes where ours does. */
async function show(command: readonly string[]): Promise<void> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command.join(' ')} ended with code ${code}; it says why above`);
}
