import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { FairleadError } from '../model/errors.ts';

/** The version of package.json, which lies two folders above both src/cli and dist/cli. */
export function version(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { readonly version: string }).version;
}

/** Prints what went wrong and what to do about it; the exit code is 1, as for commander's own usage errors. */
export function reportError(err: unknown): void {
  const text =
    err instanceof FairleadError ? err.explain() : err instanceof Error ? (err.stack ?? err.message) : String(err);
  process.stderr.write(`fairlead: ${text}\n`);
  process.exitCode = 1;
}

/** For commander: a whole number of at least `min`. */
export function integerOf(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min)
      throw new InvalidArgumentError(`It must be a whole number from ${min}.`);
    return value;
  };
}

/** Resolves with the first signal that asks the process to end. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
}
