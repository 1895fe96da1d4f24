import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const root = join(import.meta.dirname, '../..');
export const kubectl = join(root, '.cache/bin/kubectl');
export const composeLoader = join(root, '.cache/bin/compose-config');

const execute = promisify(execFile);

/** Compiles the program and installs Envoy where they are missing or stale: what the images hold. */
export async function makeImageContents(): Promise<void> {
  await execute(join(root, 'scripts/setup.sh'), ['envoy', 'build'], { cwd: root });
}

/** Builds the loader of Compose files. */
export async function makeComposeLoader(): Promise<void> {
  await execute(join(root, 'test/deploy/tools/build.sh'));
}

/** Builds kubectl, which has Kustomize. */
export async function makeKubectl(): Promise<void> {
  await execute(join(root, 'test/tools/build.sh'), ['kubectl'], { maxBuffer: 2 ** 26 });
}
