import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatObject, type Problem } from '../../src/model/problem.ts';
import { type ManagedProcess, ProcessGroup } from '../testbed/process.ts';
import { type RunOptions, type RunResult, tryRun } from '../testbed/run.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');

export interface FairleadOptions extends RunOptions {
  /** Goes before the command, such as `setpriv`. */
  readonly wrap?: readonly string[];
}

/** The command as a user types it; an end that does not come within 15 s has code -1. */
export function fairlead(args: readonly string[], { wrap = [], ...options }: FairleadOptions = {}): Promise<RunResult> {
  return tryRun([...wrap, process.execPath, main, ...args], { timeoutMs: 15_000, ...options });
}

/** A real controller on a directory of manifests. */
export class RunningController {
  readonly directory = mkdtempSync(join(tmpdir(), 'fairlead-bad-input-'));
  readonly #logFile = join(this.directory, 'controller.log');
  readonly #group = new ProcessGroup();
  #process: ManagedProcess | undefined;

  write(file: string, content: string | Uint8Array): void {
    writeFileSync(join(this.directory, file), content);
  }

  async start(): Promise<void> {
    const anyPort = ['--xds-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'];
    this.#process = await this.#group.start({
      name: 'controller',
      command: [process.execPath, main, 'controller', '--manifests', this.directory, ...anyPort],
      logFile: this.#logFile,
      ready: () => this.#addressIn('ADS server listened') !== undefined,
    });
  }

  get xdsAddress(): string {
    return this.#addressIn('ADS server listened') ?? '';
  }

  get adminAddress(): string {
    return this.#addressIn('Started to serve health, metrics and dumps') ?? '';
  }

  get running(): boolean {
    return this.#process?.running === true;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`http://${this.adminAddress}${path}`);
    return (await response.json()) as T;
  }

  /** One line each: object, field and reason. */
  async problems(): Promise<readonly string[]> {
    const problems = await this.get<readonly Problem[]>('/debug/problems');
    return problems.map((problem) => `${formatObject(problem.object)} ${problem.field}: ${problem.message}`);
  }

  async close(): Promise<void> {
    await this.#group.stopAll();
    rmSync(this.directory, { recursive: true });
  }

  /** The controller chose the ports and logs them. */
  #addressIn(message: string): string | undefined {
    const line = readFileSync(this.#logFile, 'utf8')
      .split('\n')
      .find((text) => text.includes(`"msg":"${message}"`));
    return line === undefined ? undefined : (JSON.parse(line) as { readonly address: string }).address;
  }
}
