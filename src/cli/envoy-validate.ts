import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FairleadError } from '../model/errors.ts';
import type { Json } from '../protos/proto-json.ts';

const oldestMinor = 40;

/** Where scripts/setup.sh installs Envoy, two folders above both src/cli and dist/cli. */
const installed = fileURLToPath(new URL('../../.cache/bin/envoy', import.meta.url));

/** The program to run: as told, else as installed by scripts/setup.sh, else as found on the PATH. */
export function envoyPath(told: string | undefined): string {
  if (told !== undefined) return told;
  return existsSync(installed) ? installed : 'envoy';
}

/**
 * Has Envoy read a bootstrap without starting anything.
 * @throws FairleadError ENVOY_MISSING, ENVOY_TOO_OLD, or ENVOY_REJECTED with Envoy's message
 */
export async function validateBootstrap(envoy: string, bootstrap: Json): Promise<void> {
  await checkVersion(envoy);
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-validate-'));
  try {
    const file = join(folder, 'bootstrap.json');
    await writeFile(file, JSON.stringify(bootstrap));
    const { code, output } = await run(envoy, ['--mode', 'validate', '--log-level', 'error', '-c', file]);
    if (code !== 0) throw new FairleadError('ENVOY_REJECTED', `${envoy}: ${output.trim() || `exit code ${code}`}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkVersion(envoy: string): Promise<void> {
  const { output } = await run(envoy, ['--version']);
  const found = /\/(\d+)\.(\d+)\.(\d+)/.exec(output);
  if (found === null) throw new FairleadError('ENVOY_MISSING', `${envoy} is no Envoy: it prints no version`);
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major > 1 || minor >= oldestMinor) return;
  throw new FairleadError('ENVOY_TOO_OLD', `${envoy} is version ${found[0].slice(1)}, older than 1.${oldestMinor}`);
}

interface Ended {
  readonly code: number;
  readonly output: string;
}

function run(program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 16 * 1024 * 1024 }, (err, stdout, stderr) => {
      if (err === null) return resolve({ code: 0, output: stdout + stderr });
      if (typeof err.code === 'number') return resolve({ code: err.code, output: stdout + stderr });
      reject(new FairleadError('ENVOY_MISSING', `${program} cannot be run: ${err.message}`, { cause: err }));
    });
  });
}
