import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProcessGroup } from './process.ts';

/** A script of this folder that runs as a process of its own. */
export interface OwnScript<T> {
  /** The line of JSON that it prints once it listens. */
  readonly announced: T;
  readonly stop: () => Promise<void>;
}

export async function startOwnScript<T>(script: string, args: readonly string[]): Promise<OwnScript<T>> {
  const group = new ProcessGroup();
  const directory = mkdtempSync(join(tmpdir(), 'fairlead-script-'));
  let output = '';
  await group.start({
    name: script,
    command: [process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...args],
    logFile: join(directory, 'output.log'),
    onOutput: (text) => {
      output += text;
    },
    ready: () => output.endsWith('\n'),
  });
  const stop = async (): Promise<void> => {
    await group.stopAll();
    rmSync(directory, { recursive: true });
  };
  return { announced: JSON.parse(output), stop };
}
