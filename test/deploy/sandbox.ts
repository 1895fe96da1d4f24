import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** A process as a container runtime would run it; see sandbox.sh for its root file system. */
export interface Sandbox {
  /** An empty folder. */
  readonly root: string;
  /** Network namespace; the caller's own when absent. */
  readonly namespace?: string;
  readonly hostName: string;
  readonly workdir: string;
  readonly readOnly: boolean;
  readonly mounts: readonly Mount[];
  /** Paths of empty memory file systems. */
  readonly tmpfs: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly rights: Rights;
  readonly command: readonly string[];
}

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface Rights {
  readonly uid: number;
  readonly gid: number;
  /** All that the process and its children can ever have, such as `NET_ADMIN`; `ALL` for a privileged container. */
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
}

/** Capabilities that container runtimes leave a container unless told otherwise. */
export const defaultCapabilities: readonly string[] = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'NET_BIND_SERVICE'],
  ...['NET_RAW', 'SYS_CHROOT', 'MKNOD', 'AUDIT_WRITE', 'SETFCAP'],
];

export const baseEnvironment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/** The command that becomes the sandboxed process, under the same process id, and the environment to start it with. */
export function sandboxCommand(sandbox: Sandbox): {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
} {
  const enter = sandbox.namespace === undefined ? [] : ['nsenter', `--net=/run/netns/${sandbox.namespace}`, '--'];
  const layout = {
    SANDBOX_ROOT: sandbox.root,
    SANDBOX_HOST_NAME: sandbox.hostName,
    SANDBOX_WORKDIR: sandbox.workdir,
    SANDBOX_READ_ONLY: sandbox.readOnly ? '1' : '0',
    SANDBOX_MOUNTS: sandbox.mounts
      .map(({ source, target, readOnly }) => `${source}:${target}:${readOnly ? 'ro' : 'rw'}`)
      .join('\n'),
    SANDBOX_TMPFS: sandbox.tmpfs.join(' '),
    SANDBOX_PRIVILEGED: sandbox.rights.capabilities.includes('ALL') ? '1' : '0',
  };
  const script = ['unshare', '--mount', '--uts', join(import.meta.dirname, 'sandbox.sh')];
  return {
    command: [...enter, ...script, ...rightsCommand(sandbox.rights), ...sandbox.command],
    environment: { ...baseEnvironment, ...sandbox.environment, ...layout },
  };
}

/** Runs a command beside a sandboxed process, in its namespaces and its folder, with the given rights. */
export function joinCommand(pid: number, rights: Rights, command: readonly string[]): readonly string[] {
  return ['nsenter', '-t', String(pid), '-m', '-u', '-n', '-r', '-w', '--', ...rightsCommand(rights), ...command];
}

function rightsCommand({ uid, gid, capabilities, noNewPrivileges }: Rights): readonly string[] {
  const kept = capabilities.map((name) => `+${name.toLowerCase().replace(/^cap_/, '')}`);
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--inh-caps=-all',
    `--bounding-set=${['-all', ...kept].join(',')}`,
    ...(noNewPrivileges ? ['--no-new-privs'] : []),
    '--',
  ];
}

/** Whether the sandbox is laid out, so that commands can join it. */
export function isLaidOut(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/root`) !== '/';
  } catch {
    return false;
  }
}

/** A zombie that nobody waits for yet counts as gone. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
