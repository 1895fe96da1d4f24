import { fileURLToPath } from 'node:url';
import type { Attempt, LoadOptions } from './load/attempt.ts';
import type { ManagedProcess, ProcessGroup } from './process.ts';

const script = fileURLToPath(new URL('./load.ts', import.meta.url));

export type LoadRequest = Pick<LoadOptions, 'target'> & Partial<LoadOptions>;

export interface LoadPlace {
  readonly namespace: string;
  readonly logFile: string;
}

/** A load in another namespace, seen attempt by attempt. */
export class RunningLoad {
  readonly #attempts: Attempt[] = [];
  readonly #watchers = new Set<() => void>();
  #process: ManagedProcess | undefined;
  #rest = '';

  static async start(group: ProcessGroup, place: LoadPlace, request: LoadRequest): Promise<RunningLoad> {
    const load = new RunningLoad();
    load.#process = await group.start({
      name: `load on ${request.target}`,
      command: [process.execPath, script, ...argumentsOf(request)],
      onOutput: (text) => load.#take(text),
      ...place,
    });
    load.#process.exited.then(() => load.#wake());
    return load;
  }

  /** Those that are over, in the order in which they ended. */
  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  /**
   * Waits for the first attempt that fits, among those since `from` (an index; default all).
   * @throws when the load ends, or the time (milliseconds, default 20,000) is up, before there is one
   */
  async waitFor(what: string, fits: (attempt: Attempt) => boolean, from = 0, withinMs = 20_000): Promise<Attempt> {
    await this.#until(`${what} in the load's answers`, () => this.#attempts.slice(from).some(fits), withinMs);
    const found = this.#attempts.slice(from).find(fits);
    if (found === undefined) throw new Error(`No ${what} in the load's answers`);
    return found;
  }

  /** Waits until so many more attempts that fit (default: any) are over. */
  async more(count: number, fits: (attempt: Attempt) => boolean = () => true, withinMs = 20_000): Promise<void> {
    const from = this.#attempts.length;
    const enough = () => this.#attempts.slice(from).filter(fits).length >= count;
    await this.#until(`${count} more attempts`, enough, withinMs);
  }

  /** Begins no more, waits for those under way, and returns all. */
  async stop(): Promise<readonly Attempt[]> {
    await this.#process?.stop(30_000);
    return this.#attempts;
  }

  /** Waits for the load to come to its own end, and returns all. */
  async finished(): Promise<readonly Attempt[]> {
    const exit = await this.#process?.exited;
    if (exit?.code !== 0) throw new Error(`The load failed: ${this.#process?.lastLines(10)}`);
    return this.#attempts;
  }

  #take(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n');
    this.#rest = lines.pop() ?? '';
    this.#attempts.push(...lines.map((line) => JSON.parse(line) as Attempt));
    this.#wake();
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher();
  }

  async #until(what: string, holds: () => boolean, withinMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      if (holds()) resolve();
      else if (this.#process?.running === false) reject(new Error(`The load ended before there were ${what}`));
    };
    const timer = setTimeout(() => reject(new Error(`Waited ${withinMs} ms in vain for ${what}`)), withinMs);
    this.#watchers.add(look);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(look);
    }
  }
}

function argumentsOf(request: LoadRequest): readonly string[] {
  const { durationMs, timeoutMs, ...same } = request;
  const named = { ...same, duration: durationMs, timeout: timeoutMs };
  return Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
}
