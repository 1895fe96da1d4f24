import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../../testbed/wait.ts';
import { type Image, imageOf } from '../images.ts';
import {
  baseEnvironment,
  defaultCapabilities,
  isAlive,
  isLaidOut,
  joinCommand,
  type Rights,
  type Sandbox,
  sandboxCommand,
} from '../sandbox.ts';
import { type ComposeProject, type ComposeService, networkHostOf } from './project.ts';

/** Containers of a project without an engine; later commands know them by files in a folder. */
export class Containers {
  readonly #project: ComposeProject;
  readonly #folder: string;
  readonly #prefix: string;

  /** `prefix` begins the names of network namespaces. */
  constructor(project: ComposeProject, folder: string, prefix: string) {
    this.#project = project;
    this.#folder = folder;
    this.#prefix = prefix;
  }

  isRunning(name: string): boolean {
    return this.#livePid(name) !== undefined;
  }

  /** Does nothing when it runs already. */
  async start(name: string): Promise<void> {
    if (this.isRunning(name)) return;
    const { command, environment } = sandboxCommand(this.#sandbox(name));
    const log = openSync(this.logFile(name), 'a');
    const [file = '', ...args] = command;
    const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log], env: environment });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    child.unref();
    writeFileSync(join(this.#folder, name, 'pid'), String(pid));
    await waitUntil(() => !isAlive(pid) || isLaidOut(pid), { what: `the container ${name} to be laid out` });
  }

  /** Runs a command in a running container as its user, with this process's standard streams; resolves with its code. */
  exec(name: string, command: readonly string[]): Promise<number> {
    const service = this.#service(name);
    const pid = this.#livePid(name);
    if (pid === undefined) throw new Error(`service "${name}" is not running`);
    const image = imageOf(service.image);
    const [file = '', ...args] = joinCommand(pid, rightsOf(service, image), command);
    const child = spawn(file, args, { stdio: 'inherit', env: environmentOf(service, image) });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 137));
    });
  }

  /** Ends a container and waits until it is gone; SIGKILL follows a signal that it does not heed in time. */
  async end(name: string, signal: NodeJS.Signals, withinMs = 10_000): Promise<void> {
    const pid = this.#livePid(name);
    if (pid === undefined) return;
    process.kill(pid, signal);
    try {
      await waitUntil(() => !isAlive(pid), { what: `${name} to end`, withinMs });
    } catch {
      process.kill(pid, 'SIGKILL');
      await waitUntil(() => !isAlive(pid), { what: `${name} to end` });
    }
  }

  logFile(name: string): string {
    return join(this.#folder, name, 'log');
  }

  /** Deletes what it knows of all containers. */
  forget(): void {
    for (const name of Object.keys(this.#project.services)) {
      rmSync(join(this.#folder, name), { recursive: true, force: true });
    }
  }

  #service(name: string): ComposeService {
    const service = this.#project.services[name];
    if (service === undefined) throw new Error(`no such service: ${name}`);
    return service;
  }

  #livePid(name: string): number | undefined {
    try {
      const pid = Number(readFileSync(join(this.#folder, name, 'pid'), 'utf8'));
      return isAlive(pid) ? pid : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #sandbox(name: string): Sandbox {
    const service = this.#service(name);
    const image = imageOf(service.image);
    const root = join(this.#folder, name, 'root');
    mkdirSync(root, { recursive: true });
    const host = networkHostOf(service) ?? name;
    const volumes = (service.volumes ?? []).map(({ source, target, read_only = false }) => {
      return { source, target, readOnly: read_only };
    });
    return {
      root,
      namespace: `${this.#prefix}${host}`,
      hostName: this.#service(host).hostname ?? host,
      workdir: image.config.workdir,
      readOnly: service.read_only === true,
      mounts: [...image.files, ...volumes],
      tmpfs: service.tmpfs ?? [],
      environment: environmentOf(service, image),
      rights: rightsOf(service, image),
      command: processOf(service, image),
    };
  }
}

function environmentOf(service: ComposeService, image: Image): Readonly<Record<string, string>> {
  return { ...baseEnvironment, ...image.config.environment, ...service.environment };
}

/** Compose: an entrypoint of the service takes the place of the image's, and its command too. */
function processOf(service: ComposeService, image: Image): readonly string[] {
  if (service.entrypoint != null) return [...service.entrypoint, ...(service.command ?? [])];
  return [...image.config.entrypoint, ...(service.command ?? image.config.command)];
}

function rightsOf(service: ComposeService, image: Image): Rights {
  const [uid = 0, gid = uid] = (service.user ?? image.config.user).split(':').map(Number);
  const kept = (service.cap_drop ?? []).includes('ALL') ? [] : defaultCapabilities;
  const noNewPrivileges = (service.security_opt ?? []).some((option) => option.startsWith('no-new-privileges'));
  return { uid, gid, capabilities: [...kept, ...(service.cap_add ?? [])], noNewPrivileges };
}
