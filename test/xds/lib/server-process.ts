import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Limits } from '../../../src/xds/server/limits.ts';

export interface ServerConfig {
  /** Clusters of the wildcard set, `w0`, `w1`, …; there is always one more, `proof`, by name. */
  readonly wildcard?: number;
  /** Endpoints `e0`, `e1`, … */
  readonly endpoints?: number;
  readonly portsEach?: number;
  readonly limits?: Partial<Limits>;
  readonly logLevel?: string;
}

/** As in deploy/kubernetes/base/controller.yaml. */
const deployedOptions = ['--max-old-space-size=768', '--max-semi-space-size=8'];

/** An ADS server in a process of its own (server-child.ts). */
export class ServerProcess {
  readonly address: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.address = address;
  }

  static async start(config: ServerConfig): Promise<ServerProcess> {
    const program = fileURLToPath(new URL('server-child.ts', import.meta.url));
    const child = fork(program, [JSON.stringify(config)], { execArgv: [...deployedOptions] });
    const [{ address }] = (await once(child, 'message')) as [{ address: string }];
    return new ServerProcess(child, address);
  }

  /** So many endpoints change each second, from now on. */
  churn(perSecond: number, ids: number): void {
    this.#child.send({ perSecond, ids });
  }

  /** The peak is counted from here. */
  resetPeak(): void {
    writeFileSync(`/proc/${this.#child.pid}/clear_refs`, '5');
  }

  get rssMiB(): number {
    return this.#status('VmRSS');
  }

  get peakMiB(): number {
    return this.#status('VmHWM');
  }

  /** Resolves when it has used no processor time for a while: what it was sent is worked off, as far as it goes. */
  async quiet(forMs = 300): Promise<void> {
    for (let before = -1; before !== this.cpuSeconds; ) {
      before = this.cpuSeconds;
      await new Promise((resolve) => setTimeout(resolve, forMs));
    }
  }

  get cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }

  #status(field: string): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  }
}
