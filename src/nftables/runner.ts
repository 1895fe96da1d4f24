import { spawn } from 'node:child_process';
import { NftError, NftMissingError } from './nft-error.ts';

/** The seam to the kernel: takes nft's input, resolves once the kernel has committed all of it. */
export interface NftRunner {
  /** @throws NftError when nft refuses it, NftMissingError when there is no nft */
  run(text: string): Promise<void>;
}

export interface NftCommandOptions {
  /** The program and what goes before nft's own arguments; default `nft`. */
  readonly command?: readonly string[];
  /** After this nft is killed and the transaction counts as failed; default 60,000. */
  readonly timeoutMs?: number;
}

/** Runs the `nft` program. */
export class NftCommand implements NftRunner {
  readonly #command: readonly string[];
  readonly #timeoutMs: number;

  constructor({ command = ['nft'], timeoutMs = 60_000 }: NftCommandOptions = {}) {
    this.#command = command;
    this.#timeoutMs = timeoutMs;
  }

  async run(text: string): Promise<void> {
    await this.#execute(['-f', '-'], text);
  }

  /** Checks a transaction without committing it. */
  async check(text: string): Promise<void> {
    await this.#execute(['--check', '-f', '-'], text);
  }

  /** What `nft --version` prints. */
  version(): Promise<string> {
    return this.#execute(['--version'], '');
  }

  /** A listing as JSON, `nft -j ARGUMENTS`; costs time in proportion to the table, so never on a path that is hot. */
  async list(...args: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.#execute(['-j', ...args], ''));
  }

  #execute(args: readonly string[], input: string): Promise<string> {
    const [file = 'nft', ...before] = this.#command;
    return new Promise((resolve, reject) => {
      const child = spawn(file, [...before, ...args], {
        stdio: ['pipe', 'pipe', 'pipe'],
        timeout: this.#timeoutMs,
        killSignal: 'SIGKILL',
        env: { ...process.env, LC_ALL: 'C' },
      });
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      child.on('error', (err: NodeJS.ErrnoException) => {
        reject(err.code === 'ENOENT' ? new NftMissingError(file, err) : err);
      });
      child.on('close', (code, signal) => {
        if (code === 0) resolve(Buffer.concat(stdout).toString());
        else reject(NftError.of(Buffer.concat(stderr).toString(), input, signal));
      });
      child.stdin.on('error', () => {}); // nft ended before it read everything: its exit tells why.
      child.stdin.end(input);
    });
  }
}
