import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Container, V1Pod, V1PodSpec, V1Probe } from '@kubernetes/client-node';
import { type ManagedProcess, ProcessGroup } from '../../testbed/process.ts';
import { tryRun } from '../../testbed/run.ts';
import { waitUntil } from '../../testbed/wait.ts';
import { imageOf } from '../images.ts';
import { defaultCapabilities, joinCommand, type Mount, type Rights, type Sandbox, sandboxCommand } from '../sandbox.ts';
import { type ConfigMaps, environmentOf, expand } from './pod-environment.ts';

export interface KubeletOptions {
  /** Where it keeps volumes, root folders and logs. */
  readonly folder: string;
  /** Network namespace of the node; all Pods here use the host's network. */
  readonly namespace: string;
  readonly hostIp: string;
  readonly configMaps: ConfigMaps;
  /** Files of the service account's volume, when a Pod mounts it. */
  readonly serviceAccount: (name: string) => Promise<Readonly<Record<string, string>>>;
}

interface RunningContainer {
  readonly container: V1Container;
  readonly process: ManagedProcess;
  readonly rights: Rights;
}

/** Runs Pods as a kubelet does, as far as the project's manifests need it, on processes instead of images. */
export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #group = new ProcessGroup();
  readonly #running: RunningContainer[] = [];

  constructor(options: KubeletOptions) {
    this.#options = options;
  }

  /** Starts a Pod's containers in their order; a startup probe holds up what follows. Ready on return. */
  async start(pod: V1Pod): Promise<void> {
    const spec = specOf(pod);
    if (spec.hostNetwork !== true) throw new Error('Only Pods on the host network can run here');
    const volumes = await this.#makeVolumes(pod, spec);
    const started: RunningContainer[] = [];
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      const isInit = spec.initContainers?.includes(container) === true && container.restartPolicy !== 'Always';
      const one = await this.#startContainer(pod, container, volumes);
      if (isInit) await mustSucceed(one);
      else started.push(one);
    }
    for (const one of started) await this.#untilPassed(one, 'readinessProbe');
  }

  /** The process of a running container. */
  processOf(name: string): ManagedProcess {
    const found = this.#running.find(({ container }) => container.name === name);
    if (found === undefined) throw new Error(`No container ${name} was started`);
    return found.process;
  }

  /** Whether every liveness probe passes now. */
  async allAlive(): Promise<boolean> {
    const probed = this.#running.filter(({ container }) => container.livenessProbe !== undefined);
    const results = await Promise.all(probed.map((one) => this.#passes(one, one.container.livenessProbe)));
    return results.every(Boolean);
  }

  async stop(): Promise<void> {
    await this.#group.stopAll();
  }

  async #startContainer(
    pod: V1Pod,
    container: V1Container,
    volumes: ReadonlyMap<string, string>,
  ): Promise<RunningContainer> {
    const name = `${pod.metadata?.name}-${container.name}`;
    const sandbox = this.#sandbox(pod, container, volumes);
    const { command, environment } = sandboxCommand(sandbox);
    const logFile = join(this.#options.folder, `${name}.log`);
    const process = await this.#group.start({ name, command, env: environment, logFile });
    const one = { container, process, rights: sandbox.rights };
    if (container.restartPolicy === 'Always' || container.readinessProbe !== undefined) this.#running.push(one);
    await this.#untilPassed(one, 'startupProbe');
    return one;
  }

  async #untilPassed(one: RunningContainer, kind: 'startupProbe' | 'readinessProbe'): Promise<void> {
    const probe = one.container[kind];
    if (probe === undefined) return;
    const { name } = one.container;
    const look = async () => {
      if (!one.process.running) return 'ended';
      return (await this.#passes(one, probe)) ? 'passed' : undefined;
    };
    const limits = { what: `the ${kind} of ${name}`, withinMs: 60_000, everyMs: 100 };
    const result = await waitUntil(look, limits).catch((error: Error) => {
      throw new Error(`${error.message}; its log:\n${one.process.lastLines(20)}`);
    });
    if (result === 'ended') throw new Error(`${name} ended:\n${one.process.lastLines(20)}`);
  }

  async #passes({ container, process, rights }: RunningContainer, probe: V1Probe | undefined): Promise<boolean> {
    if (probe?.exec?.command !== undefined) {
      return (await tryRun(joinCommand(process.pid, rights, probe.exec.command))).code === 0;
    }
    const get = probe?.httpGet;
    if (get === undefined) throw new Error(`${container.name}: only exec and httpGet probes can run here`);
    const port = container.ports?.find(({ name }) => name === get.port)?.containerPort ?? get.port;
    const url = `http://${get.host ?? this.#options.hostIp}:${port}${get.path ?? '/'}`;
    const limit = String(probe?.timeoutSeconds ?? 1);
    const { code } = await tryRun(['curl', '-fsS', '-m', limit, '-o', '/dev/null', url], {
      namespace: this.#options.namespace,
    });
    return code === 0;
  }

  async #makeVolumes(pod: V1Pod, spec: V1PodSpec): Promise<ReadonlyMap<string, string>> {
    const volumes = new Map<string, string>();
    for (const volume of spec.volumes ?? []) {
      const path = join(this.#options.folder, 'volumes', `${pod.metadata?.name}`, volume.name);
      mkdirSync(path, { recursive: true, mode: 0o777 });
      if (volume.configMap?.name !== undefined) writeFiles(path, this.#options.configMaps[volume.configMap.name] ?? {});
      else if (volume.projected !== undefined)
        writeFiles(path, await this.#options.serviceAccount(spec.serviceAccountName ?? ''));
      else if (volume.emptyDir === undefined)
        throw new Error(`Volume ${volume.name} is of a kind that cannot be made here`);
      volumes.set(volume.name, path);
    }
    return volumes;
  }

  #sandbox(pod: V1Pod, container: V1Container, volumes: ReadonlyMap<string, string>): Sandbox {
    const { folder, namespace, hostIp, configMaps } = this.#options;
    const image = imageOf(container.image ?? '');
    const environment = environmentOf(pod, container, configMaps, hostIp);
    const root = join(folder, 'roots', `${pod.metadata?.name}-${container.name}`);
    mkdirSync(root, { recursive: true });
    const mounts = (container.volumeMounts ?? []).map(({ name, mountPath, readOnly = false }): Mount => {
      return { source: volumes.get(name) ?? '', target: mountPath, readOnly };
    });
    return {
      root,
      namespace,
      hostName: pod.spec?.nodeName ?? '',
      workdir: container.workingDir ?? image.config.workdir,
      readOnly: container.securityContext?.readOnlyRootFilesystem === true,
      mounts: [...image.files, ...mounts],
      tmpfs: [],
      environment: { ...image.config.environment, ...environment },
      rights: rightsOf(specOf(pod), container),
      command: [
        ...(container.command ?? image.config.entrypoint),
        ...(container.args ?? (container.command === undefined ? image.config.command : [])),
      ].map((text) => expand(text, environment)),
    };
  }
}

async function mustSucceed({ container, process }: RunningContainer): Promise<void> {
  const { code } = await process.exited;
  if (code !== 0)
    throw new Error(`Init container ${container.name} ended with code ${code}:\n${process.lastLines(20)}`);
}

function rightsOf(spec: V1PodSpec, { name, securityContext }: V1Container): Rights {
  const uid = securityContext?.runAsUser ?? spec.securityContext?.runAsUser ?? 0;
  const gid = securityContext?.runAsGroup ?? spec.securityContext?.runAsGroup ?? 0;
  if (spec.securityContext?.runAsNonRoot === true && uid === 0) throw new Error(`${name} must not run as root`);
  if (securityContext?.privileged === true) return { uid, gid, capabilities: ['ALL'], noNewPrivileges: false };
  const { add = [], drop = [] } = securityContext?.capabilities ?? {};
  return {
    uid,
    gid,
    capabilities: [...(drop.includes('ALL') ? [] : defaultCapabilities), ...add],
    noNewPrivileges: securityContext?.allowPrivilegeEscalation === false,
  };
}

function specOf(pod: V1Pod): V1PodSpec {
  if (pod.spec === undefined) throw new Error(`Pod ${pod.metadata?.name} has no spec`);
  return pod.spec;
}

function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
