import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AckTimes } from './ack-times.ts';
import { compiledServer } from './compile.ts';
import { type Environment, JsonProcess, type Usage } from './process.ts';
import type { ClusterSize } from './synthetic.ts';

/** An ADS server under measurement, ours or the peer, in a process of its own. */
export class ServerProcess {
  /** Where it serves ADS. */
  readonly address: string;
  readonly #process: JsonProcess;
  readonly #control: string;

  private constructor(process: JsonProcess, addresses: Addresses) {
    this.#process = process;
    this.address = addresses.xds;
    this.#control = addresses.control;
  }

  /** @param environment beside that of this process */
  static async start(name: string, command: readonly string[], environment: Environment = {}): Promise<ServerProcess> {
    const process = await JsonProcess.start(name, command, environment);
    return new ServerProcess(process, await process.next<Addresses>());
  }

  get pid(): number {
    return this.#process.pid;
  }

  usage(): Usage {
    return this.#process.usage();
  }

  /** Changes one endpoint of a resource; resolves with the milliseconds until so many acknowledgements were read. */
  async change(name: string, acks: number): Promise<number> {
    const { ms } = await this.#call<{ ms: number }>(
      'POST',
      `/change?${new URLSearchParams({ name, acks: String(acks) })}`,
    );
    return ms;
  }

  /** Moves endpoints of random Services; resolves once everything is acknowledged. */
  churn(rate: number, seconds: number): Promise<ChurnReport> {
    return this.#call('POST', `/churn?${new URLSearchParams({ rate: String(rate), seconds: String(seconds) })}`);
  }

  /** Moves the endpoint of one node of the DaemonSet; resolves once everything is acknowledged. */
  moveOnNode(node: number): Promise<{ readonly cpuMs: number; readonly responses: number }> {
    return this.#call('POST', `/move-on-node?node=${node}`);
  }

  report(): Promise<ServerReport> {
    return this.#call('GET', '/report');
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  async #call<T>(method: string, path: string): Promise<T> {
    const response = await fetch(`http://${this.#control}${path}`, { method });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }
}

export interface ServerReport {
  readonly acks: number;
  readonly nacks: number;
  readonly streams: number;
  /** From the objects to the moment at which clients may be answered. */
  readonly readyMs: number;
}

export interface ChurnReport {
  /** From the event to the acknowledgement. */
  readonly endpoints: AckTimes;
  readonly views: AckTimes;
  readonly cpuMsPerChange: number;
  /** That it took until everything was acknowledged. */
  readonly seconds: number;
  /** How late changes were applied, milliseconds. */
  readonly lagP99: number;
}

interface Addresses {
  readonly xds: string;
  readonly control: string;
}

export function startOurs(size: ClusterSize): Promise<ServerProcess> {
  const command = [process.execPath, compiledServer(), JSON.stringify(size)];
  return ServerProcess.start('ours', command, deployedEnvironment());
}

/** Node's options of the controller as it is deployed, and those of glibc. */
export function deployedEnvironment(): Environment {
  const manifest = readFileSync(new URL('../../deploy/kubernetes/base/controller.yaml', import.meta.url), 'utf8');
  const settings = [...manifest.matchAll(/name: (NODE_OPTIONS|MALLOC_\w+), value: "?([^"}]+?)"? }/g)];
  if (settings.length < 3) throw new Error('The manifest of the controller lacks NODE_OPTIONS or options of malloc');
  return Object.fromEntries(settings.map(([, name, value]) => [name, value]));
}

export function startPeer(resourcesFile: string): Promise<ServerProcess> {
  return ServerProcess.start('gcp-server', [programPath('gcp-server'), '-resources', resourcesFile]);
}

export function buildPeers(): void {
  const script = fileURLToPath(new URL('../peers/build.sh', import.meta.url));
  execFileSync(script, { stdio: ['ignore', 'inherit', 'inherit'] });
}

function programPath(name: string): string {
  return fileURLToPath(new URL(`../../.cache/bin/${name}`, import.meta.url));
}
