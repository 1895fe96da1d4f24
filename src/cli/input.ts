import { accessSync, constants, readFileSync } from 'node:fs';
import { FairleadError } from '../model/errors.ts';
import type { KindName, Model } from '../model/model.ts';

/** What is wrong with the manifests goes to standard error; the rest is used. */
export async function readModel(
  paths: readonly string[],
  ignoredKinds: ReadonlySet<KindName>,
): Promise<{ readonly model: Model; readonly complete: boolean }> {
  const { ModelStore } = await import('../model/model.ts');
  const { formatProblem } = await import('../model/problem.ts');
  const { readManifests } = await import('../kubernetes/manifests/read-manifests.ts');
  for (const path of paths) assertReadable(path);
  const { updates, problems, complete } = await readManifests(paths);
  for (const problem of problems) console.error(formatProblem(problem));
  const model = new ModelStore();
  model.apply(updates.filter(({ kind }) => !ignoredKinds.has(kind)));
  return { model, complete };
}

/** A file that is not there is a mistake of the command line, not of the manifests. */
function assertReadable(path: string): void {
  try {
    if (path !== '-') accessSync(path, constants.R_OK);
  } catch (error) {
    throw new FairleadError('MANIFESTS_UNREADABLE', `--file: ${(error as Error).message}`, { cause: error });
  }
}

/** What the controller's configuration file says of translation; undefined: its defaults. */
export async function readConfiguration(path: string | undefined) {
  const { ignoredKindsOf, settingsOf } = await import('../controller/options.ts');
  const { parseConfiguration } = await import('../controller/configuration.ts');
  const file = path === undefined ? undefined : parseConfiguration(readText(path), path);
  return { settings: settingsOf(file), ignoredKinds: ignoredKindsOf(file) };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new FairleadError('CONFIG_UNREADABLE', `--config: ${(error as Error).message}`, { cause: error });
  }
}
