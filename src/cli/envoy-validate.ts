import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkEnvoy, runTool } from '../agent/tools.ts';
import { FairleadError } from '../model/errors.ts';
import type { Json } from '../protos/proto-json.ts';

/** Where scripts/setup.sh installs Envoy, two folders above both src/cli and dist/cli. */
const installed = fileURLToPath(new URL('../../.cache/bin/envoy', import.meta.url));

/** The program to run: as given, else as installed by scripts/setup.sh, else as found on the PATH. */
export function envoyPath(told: string | undefined): string {
  if (told !== undefined) return told;
  return existsSync(installed) ? installed : 'envoy';
}

/**
 * Has Envoy read a bootstrap without starting anything.
 * @throws FairleadError ENVOY_MISSING, ENVOY_TOO_OLD, or ENVOY_REJECTED with Envoy's message
 */
export async function validateBootstrap(envoy: string, bootstrap: Json): Promise<void> {
  await checkEnvoy(envoy);
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-validate-'));
  try {
    const file = join(folder, 'bootstrap.json');
    await writeFile(file, JSON.stringify(bootstrap));
    const { code, output } = await runTool(envoy, ['--mode', 'validate', '--log-level', 'error', '-c', file]);
    if (code !== 0) throw new FairleadError('ENVOY_REJECTED', `${envoy}: ${output.trim() || `exit code ${code}`}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
