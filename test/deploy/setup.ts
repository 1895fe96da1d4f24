import { join } from 'node:path';
import { pino } from 'pino';
import { prepareSysctls, type Sysctls } from '../../src/agent/kernel/sysctls.ts';
import { run } from '../testbed/run.ts';

export const root = join(import.meta.dirname, '../..');
export const kubectl = join(root, '.cache/bin/kubectl');
export const composeLoader = join(root, '.cache/bin/compose-config');

const buildMs = 1_800_000;

/** Compiles the program and installs Envoy where they are missing or stale: what the images hold. */
export async function makeImageContents(): Promise<void> {
  await run([join(root, 'scripts/setup.sh'), 'envoy', 'build'], { timeoutMs: buildMs });
}

/** Builds the loader of Compose files. */
export async function makeComposeLoader(): Promise<void> {
  await run([join(root, 'test/deploy/tools/build.sh')], { timeoutMs: buildMs });
}

/** Builds kubectl, which has Kustomize. */
export async function makeKubectl(): Promise<void> {
  await run([join(root, 'test/tools/build.sh'), 'kubectl'], { timeoutMs: buildMs });
}

/** What the agent sets on an IPv4 node when everything is as it should not be, as sysctl(8) takes it, sorted. */
export function sysctlsOfAgent(): readonly string[] {
  const written = new Set<string>();
  for (const value of ['0', '1']) {
    const kernel: Sysctls = {
      read: () => value,
      list: () => [],
      write: (name, wanted) => void written.add(`${name.replaceAll('/', '.')}=${wanted}`),
    };
    prepareSysctls(kernel, ['IPv4'], pino({ level: 'silent' }));
  }
  return [...written].sort();
}
