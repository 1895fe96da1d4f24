import { type ChildProcess, spawn } from 'node:child_process';
import { isRecord } from './json.ts';

/** A credential plugin of a kubeconfig (client.authentication.k8s.io). */
export interface ExecCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Beside the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a plugin gave; each part may be absent. */
export interface ExecCredential {
  readonly token: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** Unix time in milliseconds. */
  readonly expiresAt: number;
}

/**
 * Runs a plugin whenever its last credential has expired. The library's own runner waits without limit: one plugin that
 * hangs would block every later credential.
 */
export class ExecPlugin {
  readonly #command: ExecCommand;
  readonly #deadlineMs: number;
  #credential: ExecCredential | undefined;
  #running: ChildProcess | undefined;

  constructor(command: ExecCommand, deadlineMs: number) {
    this.#command = command;
    this.#deadlineMs = deadlineMs;
  }

  /** @throws Error when the plugin failed, gave no credential or took too long; the next call runs it again */
  async credential(): Promise<ExecCredential> {
    if (this.#credential === undefined || this.#credential.expiresAt <= Date.now()) {
      this.#credential = readCredential(await this.#run());
    }
    return this.#credential;
  }

  /** Ends the plugin if it runs. */
  close(): void {
    endGroup(this.#running);
  }

  #run(): Promise<string> {
    const { command, args, env } = this.#command;
    // A group of its own, so that what the plugin started ends with it.
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#running = child;
    return new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`the exec plugin ${command} did not finish within ${this.#deadlineMs} ms`));
        endGroup(child);
      }, this.#deadlineMs);
      const output = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output.stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        output.stderr += text;
      });
      child.on('error', (error) => reject(error));
      child.on('close', (code) => {
        clearTimeout(timer);
        if (code === 0) resolve(output.stdout);
        else reject(new Error(output.stderr.trim() || `the exec plugin ${command} exited with code ${code}`));
      });
    }).finally(() => {
      this.#running = undefined;
    });
  }
}

function endGroup(child: ChildProcess | undefined): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

function readCredential(text: string): ExecCredential {
  const parsed: unknown = JSON.parse(text);
  const status = isRecord(parsed) ? parsed['status'] : undefined;
  if (!isRecord(status)) throw new Error('the exec plugin returned no ExecCredential with a status');
  const expiry = status['expirationTimestamp'];
  return {
    token: textOf(status['token']),
    certificate: textOf(status['clientCertificateData']),
    key: textOf(status['clientKeyData']),
    // A time that cannot be read is one that has passed.
    expiresAt: expiry === undefined || expiry === null ? Number.POSITIVE_INFINITY : Date.parse(String(expiry)) || 0,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
