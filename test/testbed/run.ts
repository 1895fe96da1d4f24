import { spawn } from 'node:child_process';

export interface RunOptions {
  /** Network namespace to run in; the caller's own when absent. */
  readonly namespace?: string;
  readonly input?: string;
  /** Default 30,000; the command is killed after it. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command as it is run inside a network namespace; nsenter becomes the command, so the process id is its own. */
export function inNamespace(namespace: string | undefined, command: readonly string[]): readonly string[] {
  return namespace === undefined ? command : ['nsenter', `--net=/run/netns/${namespace}`, '--', ...command];
}

/** Runs a command to its end; a code other than 0 is returned, not thrown. */
export function tryRun(command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [file = '', ...args] = inNamespace(options.namespace, command);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'pipe', timeout: options.timeoutMs ?? 30_000, killSignal: 'SIGKILL' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.on('error', () => {}); // A command that ends without reading its input shows in its code.
    child.stdin.end(options.input ?? '');
  });
}

/**
 * Runs a command and returns what it printed.
 * @throws when its code is not 0
 */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryRun(command, options);
  if (code !== 0) throw new Error(`"${command.join(' ')}" ended with code ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}
