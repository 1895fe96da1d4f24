import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../testbed/run.ts';
import { bin, type Layout } from './layout.ts';

export interface KubectlOptions {
  /** Goes to `-f -`. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

/**
 * Runs kubectl as the cluster's administrator and gives what it printed.
 * @throws with what kubectl said, when it fails
 */
export function kubectl(layout: Layout, args: readonly string[], options: KubectlOptions = {}): Promise<string> {
  const cache = join(layout.folder, 'kubectl-cache');
  const command = [join(bin, 'kubectl'), '--kubeconfig', layout.adminKubeconfig, '--cache-dir', cache, ...args];
  return run(command, options);
}

/** Creates or changes objects; text is YAML or JSON. */
export async function apply(layout: Layout, objects: string | readonly object[]): Promise<void> {
  const input =
    typeof objects === 'string' ? objects : JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await kubectl(layout, ['apply', '--server-side', '--force-conflicts', '-f', '-'], { input });
}

/** Applies a file of manifests/, in which `@NAME@` stands for a value. */
export async function applyTemplate(
  layout: Layout,
  file: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const template = readFileSync(join(import.meta.dirname, 'manifests', file), 'utf8');
  await apply(
    layout,
    template.replaceAll(/@([A-Z_]+)@/g, (_, name: string) => values[name] ?? ''),
  );
}

/** Waits until a Deployment or DaemonSet has all its Pods ready. */
export async function rolledOut(
  layout: Layout,
  namespace: string,
  names: readonly string[],
  seconds = 120,
): Promise<void> {
  const command = ['-n', namespace, 'rollout', 'status', `--timeout=${seconds}s`];
  for (const name of names) await kubectl(layout, [...command, name], { timeoutMs: (seconds + 10) * 1000 });
}
