import { execFile } from 'node:child_process';
import { FairleadError } from '../model/errors.ts';

const leastEnvoyMinor = 40;

export interface Ended {
  readonly code: number;
  readonly output: string;
}

/**
 * Runs a program to its end; an exit code other than 0 is not an error here.
 * @throws the system's error when the program cannot be started
 */
export function runTool(program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') return resolve({ code, output: stdout + stderr });
      reject(error);
    });
  });
}

/** @throws FairleadError ENVOY_MISSING, ENVOY_TOO_OLD */
export async function checkEnvoy(envoy: string): Promise<void> {
  const { output } = await runTool(envoy, ['--version']).catch((error: Error) => {
    throw new FairleadError('ENVOY_MISSING', `${envoy} could not be run: ${error.message}`, { cause: error });
  });
  const found = /\/(\d+)\.(\d+)\.(\d+)/.exec(output);
  if (found === null) throw new FairleadError('ENVOY_MISSING', `${envoy} is not Envoy: it prints no version`);
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major > 1 || minor >= leastEnvoyMinor) return;
  throw new FairleadError('ENVOY_TOO_OLD', `${envoy} is version ${found[0].slice(1)}, older than 1.${leastEnvoyMinor}`);
}

/**
 * BusyBox has its own `ip`, which supports neither JSON nor masks of marks.
 * @throws FairleadError IP_MISSING
 */
export async function checkIp(): Promise<void> {
  const { output } = await runTool('ip', ['-V']).catch((error: Error) => {
    throw new FairleadError('IP_MISSING', `ip could not be run: ${error.message}`, { cause: error });
  });
  if (!output.includes('iproute2')) throw new FairleadError('IP_MISSING', 'ip is not the one of iproute2');
}
