import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEcho } from '../testbed/echo-pod.ts';
import { processesIn } from '../testbed/namespaces.ts';
import { type Network, openNetwork } from '../testbed/network.ts';
import { type ManagedProcess, ProcessGroup } from '../testbed/process.ts';
import { fetchJsonFrom, requestFrom } from '../testbed/request.ts';
import { run } from '../testbed/run.ts';
import { type LoadRequest, RunningLoad } from '../testbed/running-load.ts';
import { waitUntil } from '../testbed/wait.ts';
import { control, nodes, topologyOf } from './shop.ts';
import { repository, WorkDirectory } from './work-directory.ts';

const fairlead = [process.execPath, join(repository, 'src/cli/main.ts')];
const collectorScript = fileURLToPath(new URL('../testbed/otlp-collector.ts', import.meta.url));

const xdsPort = 18000;
const adminAddress = '127.0.0.1:18001';
const collectorPort = 4317;
export const collectorReader = 'http://127.0.0.1:4319';

export interface DemoClusterOptions {
  /** Begins the names of all namespaces. */
  readonly prefix: string;
  readonly envoy: string;
}

/** One stream as `/status` of the controller tells it. */
interface Stream {
  readonly node?: { readonly userAgent: string };
  readonly types: readonly { readonly current: number; readonly wanted: number }[];
}

export interface ControllerStatus {
  readonly ready: boolean;
  readonly model: { readonly services: number; readonly nodes: number };
  readonly problems: number;
  readonly streams: readonly Stream[];
}

/** Two nodes, the shop's pods, Fairlead. Each part is made when the story comes to it; `close` ends what there is. */
export class DemoCluster {
  readonly workDirectory: WorkDirectory;
  readonly #options: DemoClusterOptions;
  readonly #processes = new ProcessGroup();
  #opening: Promise<Network> | undefined;
  #network: Network | undefined;
  #closing = false;
  #controller: ManagedProcess | undefined;

  constructor(options: DemoClusterOptions) {
    this.#options = options;
    this.workDirectory = new WorkDirectory(join(repository, '.demo', options.prefix.replace(/-$/, '')));
  }

  async close(): Promise<void> {
    this.#closing = true;
    const network = await this.#opening?.catch(() => undefined); // It cleaned up after its own failure.
    await this.#processes.stopAll();
    await network?.close();
  }

  get network(): Network {
    if (this.#network === undefined) throw new Error('There is no network yet');
    if (this.#closing) throw new Error('The network is being closed');
    return this.#network;
  }

  /** Processes that crashed, each with the end of its log. */
  crashes(): readonly string[] {
    return this.#processes.lost.map((lost) => `${lost.name} crashed: ${lost.lastLines(8)}`);
  }

  /** Namespace of a node, a pod or `ctl`. */
  at(name: string): string {
    return this.network.namespaceOf(name);
  }

  async buildNetwork(): Promise<void> {
    this.#opening = openNetwork(topologyOf(this.#options.prefix));
    this.#network = await this.#opening;
  }

  /** The echo servers of all pods that serve; returns how many. */
  async startPods(): Promise<number> {
    const serving = nodes.flatMap((node) =>
      node.pods.flatMap(({ name, http, tcp, udp }) => {
        const ports = { ...(http && { http }), ...(tcp && { tcp }), ...(udp && { udp }) };
        return Object.keys(ports).length === 0 ? [] : [{ pod: name, node: node.name, ...ports }];
      }),
    );
    const { network } = this;
    const directory = this.workDirectory.logs;
    await Promise.all(serving.map((spec) => startEcho(this.#processes, { network, directory, ...spec })));
    return serving.length;
  }

  async startCollector(): Promise<void> {
    let output = '';
    await this.#processes.start({
      name: 'OTLP collector',
      namespace: this.at('ctl'),
      command: [process.execPath, collectorScript, '--grpc', `${control.ipv4}:${collectorPort}`],
      logFile: this.workDirectory.log('collector'),
      onOutput: (text) => {
        output += text;
      },
      ready: () => output.endsWith('\n'),
    });
  }

  async startController(): Promise<ManagedProcess> {
    const config = this.workDirectory.write('controller.yaml', controllerConfiguration);
    this.#controller = await this.#processes.start({
      name: 'controller',
      namespace: this.at('ctl'),
      command: [...fairlead, 'controller', '--manifests', this.workDirectory.manifests, '--config', config],
      logFile: this.workDirectory.log('controller'),
      ready: async () => (await requestFrom(this.at('ctl'), `http://${adminAddress}/readyz`)).status === 200,
    });
    return this.#controller;
  }

  /** kill -9. */
  async killController(): Promise<void> {
    await this.#controller?.kill('SIGKILL');
  }

  async startAgent(node: (typeof nodes)[number]): Promise<ManagedProcess> {
    const { workDirectory } = this;
    const own = [
      ['--node-name', node.name],
      ['--zone', node.zone],
      ['--controller', `${control.ipv4}:${xdsPort}`],
      ['--pod-cidr', `${node.podCidrs.ipv4},${node.podCidrs.ipv6}`],
    ];
    const envoy = [
      ['--bootstrap', workDirectory.path(`envoy-${node.name}.yaml`)],
      ['--envoy', this.#options.envoy],
      ['--envoy-log', this.envoyLog(node.name)],
      ['--envoy-args=--concurrency 2 --file-flush-interval-msec 200'],
    ];
    return this.#processes.start({
      name: `agent of ${node.name}`,
      namespace: this.at(node.name),
      command: [...fairlead, 'agent', ...own.flat(), ...envoy.flat()],
      logFile: workDirectory.log(`agent-${node.name}`),
      ready: async () => (await requestFrom(this.at(node.name), 'http://127.0.0.1:10256/readyz')).status === 200,
      readyWithinMs: 40_000,
    });
  }

  envoyLog(node: string): string {
    return this.workDirectory.log(`envoy-${node}`);
  }

  status(): Promise<ControllerStatus> {
    return fetchJsonFrom(this.at('ctl'), `http://${adminAddress}/status`);
  }

  /** Waits until every Envoy and agent has acknowledged all that it should have. */
  async settled(): Promise<ControllerStatus> {
    const isSettled = async () => {
      const status = await this.status();
      const current = status.streams.every(({ types }) => types.every((type) => type.current === type.wanted));
      return status.streams.length === 2 * nodes.length && current && status;
    };
    return waitUntil(isSettled, { what: 'all nodes to acknowledge what they were sent' });
  }

  async controllerMetrics(): Promise<string> {
    return (await requestFrom(this.at('ctl'), `http://${adminAddress}/metrics`)).body;
  }

  /** `fairlead status`, as lines. */
  async statusTable(): Promise<readonly string[]> {
    const text = await run([...fairlead, 'status', '--admin-address', adminAddress], { namespace: this.at('ctl') });
    return text.trimEnd().split('\n');
  }

  startLoad(pod: string, request: LoadRequest): Promise<RunningLoad> {
    const place = { namespace: this.at(pod), logFile: this.workDirectory.log(`load-${pod}`) };
    return RunningLoad.start(this.#processes, place, request);
  }

  /** @throws when there is none, or more than one */
  async envoyPid(node: string): Promise<number> {
    const pids = await processesIn(this.at(node));
    const names = await Promise.all(pids.map(nameOfProcess));
    const envoys = pids.filter((_, index) => names[index] === 'envoy');
    const [pid, ...others] = envoys;
    if (pid === undefined || others.length > 0) throw new Error(`${node} has ${envoys.length} Envoys`);
    return pid;
  }
}

async function nameOfProcess(pid: number): Promise<string> {
  const path = `/proc/${pid}/comm`;
  return existsSync(path) ? (await readFile(path, 'utf8')).trim() : '';
}

const controllerConfiguration = `apiVersion: config.fairlead.dev/v1alpha1
kind: ControllerConfiguration
xdsAddress: ${control.ipv4}:${xdsPort}
adminAddress: ${adminAddress}
# The demo's network exists on this machine only.
insecurePlaintext: true
accessLog:
  kind: Stdout
tracing:
  collector: ${control.ipv4}:${collectorPort}
  samplingPercent: 1
`;
