import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Logger } from 'pino';
import { backOffMs } from '../../base/back-off.ts';

export interface EnvoyProcessOptions {
  /** Path of the program. */
  readonly envoy: string;
  readonly bootstrap: string;
  readonly args: readonly string[];
  /** Takes Envoy's output, appended; undefined: the agent's own output. */
  readonly logFile: string | undefined;
  /** Whether Envoy keeps running when the agent exits. */
  readonly leave: boolean;
  readonly onChange: () => void;
}

/** An Envoy that ran for this long did not fail because of how it was started. */
const stableMs = 30_000;
const restartBackOff = { baseMs: 500, capMs: 5_000 };

/** Starts Envoy and restarts it when it exits: at once after a long run, else with back-off. */
export class EnvoyProcess {
  readonly #options: EnvoyProcessOptions;
  readonly #logger: Logger;
  readonly #killAfterMs: number;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopped = false;

  /** @param killAfterMs how long an Envoy that was asked to exit may take */
  constructor(options: EnvoyProcessOptions, logger: Logger, killAfterMs = 5_000) {
    this.#options = options;
    this.#logger = logger;
    this.#killAfterMs = killAfterMs;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const { envoy, bootstrap, args, logFile, leave } = this.#options;
    const output = logFile === undefined ? 'inherit' : this.#openLog(logFile);
    const startedAt = performance.now();
    const child = spawn(envoy, ['-c', bootstrap, ...args], { stdio: ['ignore', output, output], detached: leave });
    if (typeof output === 'number') closeSync(output);
    this.#child = child;
    child.once('spawn', () => this.#logger.info({ pid: child.pid, envoy }, 'Started Envoy'));
    child.once('error', (error) => this.#ended(child, startedAt, error.message));
    child.once('exit', (code, signal) => this.#ended(child, startedAt, `code ${code}, signal ${signal}`));
  }

  /** Stops Envoy and waits for it, or leaves it running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    if (this.#options.leave) {
      child.unref();
      return;
    }
    // Not `exit`, which is not emitted for a program that could not be started.
    const ended = new Promise((resolve) => child.once('close', resolve));
    signal(child, 'SIGTERM');
    // One that hangs, or is stopped, would keep the agent from exiting.
    const timer = setTimeout(() => signal(child, 'SIGKILL'), this.#killAfterMs);
    await ended;
    clearTimeout(timer);
  }

  /** A log that cannot be written is no reason to run without Envoy. */
  #openLog(path: string): number | 'inherit' {
    try {
      return openSync(path, 'a');
    } catch (error) {
      this.#logger.error({ error, path }, "Could not open Envoy's log; used the agent's own output");
      return 'inherit';
    }
  }

  #ended(child: ChildProcess, startedAt: number, reason: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#options.onChange();
    if (this.#stopped) return;
    const ranMs = Math.round(performance.now() - startedAt);
    this.#failures = ranMs > stableMs ? 0 : this.#failures + 1;
    const retryMs = this.#failures === 0 ? 0 : backOffMs(this.#failures, restartBackOff);
    this.#logger.error({ reason, ranMs, retryMs }, 'Envoy ended');
    this.#timer = setTimeout(() => this.start(), retryMs);
  }
}

/**
 * A program that could not be started has no process, and Node 24 would then signal an arbitrary
 * id: libuv sets the id only when the start succeeds. With 0 it is the whole process group.
 */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid !== undefined) child.kill(name);
}
