import { readFileSync } from 'node:fs';
import { FairleadError } from '../model/errors.ts';

/** The version of package.json, which lies two folders above both src/cli and dist/cli. */
export function version(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { readonly version: string }).version;
}

/** Prints what went wrong and what to do about it; the exit code is 1, as for commander's own usage errors. */
export function reportError(error: unknown): void {
  const text =
    error instanceof FairleadError
      ? error.explain()
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  process.stderr.write(`fairlead: ${text}\n`);
  process.exitCode = 1;
}

/** Resolves with the first signal that asks the process to end. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
}
