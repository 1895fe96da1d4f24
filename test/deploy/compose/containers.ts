import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../../testbed/wait.ts';
import { type Image, imageOf } from './images.ts';
import { namespaceOf } from './network.ts';
import { type ComposeProject, type ComposeService, networkHostOf } from './project.ts';

/** Capabilities that Docker leaves a container unless told otherwise. */
const defaultCapabilities = [
  ...['chown', 'dac_override', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid', 'setpcap', 'net_bind_service'],
  ...['net_raw', 'sys_chroot', 'mknod', 'audit_write', 'setfcap'],
];

/** Containers without an engine: processes in the namespaces of a project, known to later commands by files in a folder. */
export class Containers {
  readonly #project: ComposeProject;
  readonly #root: string;
  readonly #folder: string;
  readonly #prefix: string;

  constructor(
    project: ComposeProject,
    options: { readonly root: string; readonly folder: string; readonly prefix: string },
  ) {
    this.#project = project;
    this.#root = options.root;
    this.#folder = options.folder;
    this.#prefix = options.prefix;
  }

  isRunning(name: string): boolean {
    const pid = this.#pidOf(name);
    return pid !== undefined && isAlive(pid);
  }

  /** Does nothing when it runs already. */
  async start(name: string): Promise<void> {
    if (this.isRunning(name)) return;
    const service = this.#service(name);
    const image = imageOf(service, this.#root);
    const root = join(this.#folder, name, 'root');
    mkdirSync(root, { recursive: true });
    const log = openSync(this.logFile(name), 'a');
    const command = [...this.#namespaceCommand(name), ...rightsCommand(service, image), ...processOf(service, image)];
    const [file = '', ...args] = command;
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...baseEnvironment, ...service.environment, ...this.#layout(name, service, image, root) },
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    child.unref();
    writeFileSync(join(this.#folder, name, 'pid'), String(pid));
    await waitUntil(() => !isAlive(pid) || isSetUp(pid), { what: `the container ${name} to be laid out` });
  }

  /** Runs a command in a running container as its user, with this process's standard streams; resolves with its code. */
  exec(name: string, command: readonly string[]): Promise<number> {
    const service = this.#service(name);
    const pid = this.#pidOf(name);
    if (pid === undefined || !isAlive(pid)) throw new Error(`service "${name}" is not running`);
    const image = imageOf(service, this.#root);
    const enter = ['nsenter', '-t', String(pid), '-m', '-u', '-n', '-r', '-w', '--'];
    const [file = '', ...args] = [...enter, ...rightsCommand(service, image), ...command];
    const child = spawn(file, args, { stdio: 'inherit', env: { ...baseEnvironment, ...service.environment } });
    // A signal for this process is one for the command.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 137));
    });
  }

  /** Ends a container and waits until it is gone; SIGKILL follows a signal that it does not heed in time. */
  async end(name: string, signal: NodeJS.Signals, withinMs = 10_000): Promise<void> {
    const pid = this.#pidOf(name);
    if (pid === undefined || !isAlive(pid)) return;
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
    for (const name of Object.keys(this.#project.services))
      rmSync(join(this.#folder, name), { recursive: true, force: true });
  }

  #service(name: string): ComposeService {
    const service = this.#project.services[name];
    if (service === undefined) throw new Error(`no such service: ${name}`);
    return service;
  }

  #pidOf(name: string): number | undefined {
    try {
      return Number(readFileSync(join(this.#folder, name, 'pid'), 'utf8'));
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw err;
    }
  }

  #namespaceCommand(name: string): readonly string[] {
    const host = networkHostOf(this.#service(name)) ?? name;
    const network = `--net=/run/netns/${namespaceOf(this.#prefix, host)}`;
    return ['nsenter', network, '--', 'unshare', '--mount', '--uts', join(import.meta.dirname, 'container.sh')];
  }

  #layout(name: string, service: ComposeService, image: Image, root: string): Readonly<Record<string, string>> {
    const files = Object.entries(image.files).map(([source, target]) => `${source}:${target}:ro`);
    const volumes = (service.volumes ?? []).map((one) => `${one.source}:${one.target}:${one.read_only ? 'ro' : 'rw'}`);
    const host = networkHostOf(service) ?? name;
    return {
      ROOT: root,
      HOST_NAME: this.#service(host).hostname ?? host,
      WORKDIR: image.config.workdir,
      READ_ONLY: service.read_only === true ? '1' : '0',
      MOUNTS: [...files, ...volumes].join('\n'),
      TMPFS: (service.tmpfs ?? []).join(' '),
    };
  }
}

const baseEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  NODE_ENV: 'production',
};

/** Compose: an entrypoint of the service takes the place of the image's, and its command too. */
function processOf(service: ComposeService, image: Image): readonly string[] {
  if (service.entrypoint != null) return [...service.entrypoint, ...(service.command ?? [])];
  return [...image.config.entrypoint, ...(service.command ?? image.config.command)];
}

/** The user, and the capabilities that the service is left with and nothing in it can regain. */
function rightsCommand(service: ComposeService, image: Image): readonly string[] {
  const [uid = '0', gid = uid] = (service.user ?? image.config.user).split(':');
  const kept = (service.cap_drop ?? []).includes('ALL') ? [] : defaultCapabilities;
  const added = (service.cap_add ?? []).map((name) => name.toLowerCase().replace(/^cap_/, ''));
  const bounding = ['-all', ...[...kept, ...added].map((name) => `+${name}`)].join(',');
  const noNew = (service.security_opt ?? []).some((option) => option.startsWith('no-new-privileges'));
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--inh-caps=-all',
    `--bounding-set=${bounding}`,
    ...(noNew ? ['--no-new-privs'] : []),
    '--',
  ];
}

/** A zombie that nobody waits for yet counts as gone. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** From then on the process's root is the container's, so commands can join it. */
function isSetUp(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/root`) !== '/';
  } catch {
    return false;
  }
}
