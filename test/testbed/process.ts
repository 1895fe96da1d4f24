import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { inNamespace } from './run.ts';
import { waitUntil } from './wait.ts';

export interface ProcessSpec {
  /** For messages. */
  readonly name: string;
  /** Network namespace to run in; the caller's own when absent. */
  readonly namespace?: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Takes standard error, and standard output unless `onOutput` does; appended to. */
  readonly logFile: string;
  /** Takes standard output as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Polled until it is true; absent: ready once started. */
  readonly ready?: () => Promise<boolean> | boolean;
  /** Default 20,000. */
  readonly readyWithinMs?: number;
}

/** `code` null: ended by `signal`. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A started process; its id is that of the command itself, not of a wrapper. */
export class ManagedProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves once the process is gone and its output was read to the end. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #wanted = true;

  constructor(spec: ProcessSpec, child: ChildProcess, pid: number) {
    this.name = spec.name;
    this.pid = pid;
    this.logFile = spec.logFile;
    this.#child = child;
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether it should still run: nobody has asked it to end. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Sends a signal and waits for the end. */
  kill(signal: NodeJS.Signals): Promise<Exit> {
    this.#wanted = false;
    if (this.running) this.#child.kill(signal);
    return this.exited;
  }

  /** SIGTERM, and SIGKILL where that is not obeyed in time (milliseconds, default 3,000). */
  async stop(withinMs = 3_000): Promise<Exit> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), withinMs);
    try {
      return await this.kill('SIGTERM');
    } finally {
      clearTimeout(timer);
    }
  }

  lastLines(count: number): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  }
}

/** Processes that end together. */
export class ProcessGroup {
  readonly #processes = new Set<ManagedProcess>();
  readonly #lost: ManagedProcess[] = [];

  /** Those that were ready and ended in error although nobody had asked them to. */
  get lost(): readonly ManagedProcess[] {
    return this.#lost;
  }

  /**
   * Starts a process and waits until it is ready.
   * @throws when it ends before, or is not ready in time; with the end of its log
   */
  async start(spec: ProcessSpec): Promise<ManagedProcess> {
    const managed = await launch(spec);
    this.#processes.add(managed);
    managed.exited.then(() => this.#processes.delete(managed));
    if (spec.ready !== undefined) await becomeReady(managed, spec, spec.ready);
    managed.exited.then(({ code }) => {
      if (managed.wanted && code !== 0) this.#lost.push(managed);
    });
    return managed;
  }

  /** Ends all, the youngest first. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#processes].reverse().map((managed) => managed.stop()));
  }
}

/** `detached`: Ctrl-C in the terminal reaches only the parent, which then ends the others in order. */
async function launch(spec: ProcessSpec): Promise<ManagedProcess> {
  const [file = '', ...args] = inNamespace(spec.namespace, spec.command);
  mkdirSync(dirname(spec.logFile), { recursive: true });
  const log = openSync(spec.logFile, 'a');
  try {
    const child = spawn(file, args, {
      stdio: ['ignore', spec.onOutput === undefined ? log : 'pipe', log],
      env: { ...process.env, ...spec.env },
      detached: true,
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    if (spec.onOutput !== undefined) child.stdout?.setEncoding('utf8').on('data', spec.onOutput);
    return new ManagedProcess(spec, child, pid);
  } finally {
    closeSync(log);
  }
}

async function becomeReady(
  managed: ManagedProcess,
  spec: ProcessSpec,
  ready: () => Promise<boolean> | boolean,
): Promise<void> {
  const wait = waitUntil(async () => !managed.running || (await ready()), {
    what: `${spec.name} to become ready`,
    withinMs: spec.readyWithinMs ?? 20_000,
    everyMs: 50,
  });
  const failure = await wait.then(() => undefined, errorOf);
  if (managed.running && failure === undefined) return;
  const why = managed.running ? (failure?.message ?? '') : `${spec.name} ended before it was ready`;
  await managed.stop();
  throw new Error(`${why}; the end of ${spec.logFile}:\n${managed.lastLines(15)}`);
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
