import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { NftError, NftMissingError } from './nft-error.ts';

/** The seam to the kernel: takes nft's input, resolves once the kernel has committed all of it. */
export interface NftRunner {
  /** @throws NftError when nft refuses it, NftMissingError when there is no nft */
  run(text: string): Promise<void>;
  /**
   * Checks a transaction without committing it.
   * @throws as `run`
   */
  check(text: string): Promise<void>;
}

export interface NftCommandOptions {
  /** The program and what goes before nft's own arguments; default `nft`. */
  readonly command?: readonly string[];
  /** After this nft is killed and the transaction counts as failed; default 60,000. */
  readonly timeoutMs?: number;
}

/** An nft that was started and has no input yet. */
interface Waiting {
  readonly child: ChildProcessWithoutNullStreams;
  finish(input: string): Promise<string>;
}

/** Runs the `nft` program. */
export class NftCommand implements NftRunner {
  readonly #command: readonly string[];
  readonly #timeoutMs: number;
  #spare: Waiting | undefined;

  constructor({ command = ['nft'], timeoutMs = 60_000 }: NftCommandOptions = {}) {
    this.#command = command;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Uses an nft that was started after the transaction before: to start a process costs a large Node process 4 ms. It
   * reads the kernel's state only once it has its input, and ends by itself when this process does.
   */
  async run(text: string): Promise<void> {
    const spare = this.#spare;
    this.#spare = undefined;
    const isAlive = spare?.child.exitCode === null && spare.child.signalCode === null;
    try {
      await (spare !== undefined && isAlive ? spare : this.#start(['-f', '-'])).finish(text);
    } finally {
      this.#spare ??= this.#startSpare();
    }
  }

  async check(text: string): Promise<void> {
    await this.#start(['--check', '-f', '-']).finish(text);
  }

  /** What `nft --version` prints. */
  version(): Promise<string> {
    return this.#start(['--version']).finish('');
  }

  /** A listing as JSON, `nft -j ARGUMENTS`; costs time in proportion to the table, so never on a path that is hot. */
  async list(...args: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.#start(['-j', ...args]).finish(''));
  }

  /** Ends the waiting nft. */
  close(): void {
    const spare = this.#spare?.child;
    // Without an id it could not be started, and a signal would go to an arbitrary process.
    if (spare?.pid !== undefined) spare.kill();
    this.#spare = undefined;
  }

  #startSpare(): Waiting {
    const spare = this.#start(['-f', '-']);
    const { child } = spare;
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) unref(stream);
    return spare;
  }

  #start(args: readonly string[]): Waiting {
    const [file = 'nft', ...before] = this.#command;
    const child = spawn(file, [...before, ...args], { env: { ...process.env, LC_ALL: 'C' } });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let input = '';
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => {}); // nft ended before it read everything: its exit tells why.
    const ended = new Promise<string>((resolve, reject) => {
      child.on('error', (error: NodeJS.ErrnoException) => {
        reject(error.code === 'ENOENT' ? new NftMissingError(file, error) : error);
      });
      child.on('close', (code, signal) => {
        if (code === 0) resolve(Buffer.concat(stdout).toString());
        else reject(NftError.of(Buffer.concat(stderr).toString(), input, signal));
      });
    });
    ended.catch(() => {}); // A spare may fail before a caller waits for it.
    const finish = async (text: string): Promise<string> => {
      input = text;
      child.ref();
      const timer = setTimeout(() => child.kill('SIGKILL'), this.#timeoutMs);
      child.stdin.end(text);
      return ended.finally(() => clearTimeout(timer));
    };
    return { child, finish };
  }
}

/** Pipes to a child are sockets, which Node's types do not say. */
function unref(stream: unknown): void {
  (stream as { unref?: () => void }).unref?.();
}
