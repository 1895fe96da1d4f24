import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';

/** What a process has used since its start, all threads together. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssMiB: number;
  /** The most that was ever resident (VmHWM). */
  readonly peakMiB: number;
}

/** /proc/PID/stat counts in hundredths of a second (USER_HZ, the same on every architecture Node runs on). */
const ticksPerSecond = 100;

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name in brackets, which may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    rssMiB: statusMiB(status, 'VmRSS'),
    peakMiB: statusMiB(status, 'VmHWM'),
  };
}

function statusMiB(status: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
  if (match === null) throw new Error(`No ${field} in the status of the process`);
  return Number(match[1]) / 1024;
}

/** Waits until a process has used no CPU for a while: whatever it was given is worked off. */
export async function quiet(pid: number, forMs = 300): Promise<Usage> {
  for (let before = usageOf(pid); ; ) {
    await new Promise((resolve) => setTimeout(resolve, forMs));
    const after = usageOf(pid);
    if (after.cpuSeconds - before.cpuSeconds <= 1 / ticksPerSecond) return after;
    before = after;
  }
}

/** Variables beside those of this process. */
export type Environment = Readonly<Record<string, string>>;

/** A program that prints JSON, one value a line, and takes commands the same way. */
export class JsonProcess {
  readonly pid: number;
  readonly #name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  private constructor(name: string, child: ChildProcessWithoutNullStreams, pid: number) {
    this.#name = name;
    this.#child = child;
    this.pid = pid;
    this.#reader = createInterface({ input: child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** Standard error goes to our own. */
  static async start(name: string, command: readonly string[], environment: Environment = {}): Promise<JsonProcess> {
    const [file = '', ...args] = command;
    const env = { ...process.env, ...environment };
    const child = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    child.stderr.pipe(process.stderr);
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    return new JsonProcess(name, child, pid);
  }

  /** @throws when the program ends instead */
  async next<T>(): Promise<T> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`${this.#name} ended instead of answering`);
    return JSON.parse(line.value) as T;
  }

  async ask<T>(command: unknown): Promise<T> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    return this.next<T>();
  }

  usage(): Usage {
    return usageOf(this.pid);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await gone;
  }
}
