import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EndpointSlice } from '../../../src/model/endpoint.ts';
import type { ModelUpdate } from '../../../src/model/model.ts';
import type { Service, ServicePort } from '../../../src/model/service.ts';
import {
  anEndpoint,
  aPort,
  aService,
  aSlice,
  serviceUpdate as updateOfService,
  sliceUpdate as updateOfSlice,
} from '../../support/builders.ts';
import { startEcho } from '../../testbed/echo-pod.ts';
import { processesIn } from '../../testbed/namespaces.ts';
import { type Network, openNetwork, type Topology } from '../../testbed/network.ts';
import { type ManagedProcess, ProcessGroup } from '../../testbed/process.ts';
import { requestFrom } from '../../testbed/request.ts';
import { run } from '../../testbed/run.ts';
import { waitUntil } from '../../testbed/wait.ts';
import type { DialResult } from './dial.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const envoy = join(root, '.cache/bin/envoy');
const control = { ipv4: '192.168.50.100', ipv6: 'fd00:50::64' };
const xdsPort = 18_000;

export interface LabOptions {
  /** Unique among tests that run at one time. */
  readonly prefix: string;
}

/** The least source port of connections that a node makes; see test/testbed/network.ts. */
export const leastEnvoyPort = 61_000;

export type PodName = 'p1a' | 'p1b' | 'p2a';

/** Addresses of the pods. p1a and p1b are on node1, p2a is on node2. */
export const pods = {
  p1a: { IPv4: '10.244.1.10', IPv6: 'fd00:244:1::10' },
  p1b: { IPv4: '10.244.1.11', IPv6: 'fd00:244:1::11' },
  p2a: { IPv4: '10.244.2.10', IPv6: 'fd00:244:2::10' },
} as const;

/** Ports of the echo servers of every pod. */
export const echoPorts = { http: 8080, tcp: 9000, udp: 9000 } as const;

/** Two nodes, three pods with echo servers, a host for the controller. */
export class Lab {
  readonly network: Network;
  readonly directory: string;
  readonly #group = new ProcessGroup();
  #controller: ManagedProcess | undefined;

  private constructor(network: Network) {
    this.network = network;
    this.directory = mkdtempSync(join(tmpdir(), 'fairlead-agent-'));
  }

  static async open({ prefix }: LabOptions): Promise<Lab> {
    const lab = new Lab(await openNetwork(topologyOf(prefix)));
    await lab.#liftIcmpLimits();
    const echoes = (['p1a', 'p1b', 'p2a'] as const).map((pod) =>
      startEcho(lab.#group, {
        network: lab.network,
        pod,
        node: pod.startsWith('p1') ? 'node1' : 'node2',
        directory: lab.directory,
        ...echoPorts,
      }),
    );
    await Promise.all(echoes);
    return lab;
  }

  async close(): Promise<void> {
    await this.#group.stopAll();
    await this.network.close();
    if (process.env['KEEP_LOGS'] === undefined) rmSync(this.directory, { recursive: true });
  }

  /** The kernel sends a client only some ICMP errors a second, which would make later tests depend on earlier ones. */
  async #liftIcmpLimits(): Promise<void> {
    for (const node of ['node1', 'node2']) {
      await this.run(node, 'sysctl', '-qw', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0');
    }
  }

  async startController(): Promise<ManagedProcess> {
    let output = '';
    this.#controller = await this.#group.start({
      name: 'controller',
      namespace: this.network.namespaceOf('ctl'),
      command: [process.execPath, join(root, 'test/agent/support/control-plane-main.ts'), `0.0.0.0:${xdsPort}`],
      logFile: join(this.directory, 'controller.log'),
      onOutput: (text) => {
        output += text;
      },
      ready: () => output.includes('ready'),
    });
    return this.#controller;
  }

  /** Resolves once every connected client has acknowledged what came of it. */
  async update(updates: readonly ModelUpdate[]): Promise<void> {
    const url = 'http://127.0.0.1:18001/updates';
    const answer = await requestFrom(this.network.namespaceOf('ctl'), url, {
      method: 'POST',
      body: JSON.stringify(updates),
    });
    if (answer.status !== 200) throw new Error(`The controller answered ${answer.status}: ${answer.body}`);
  }

  /** Starts an agent and waits until it has programmed its node. */
  startAgent(
    node: 'node1' | 'node2',
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ManagedProcess> {
    const index = node.slice(-1);
    const cidrs = [`10.244.${index}.0/24`, `fd00:244:${index}::/64`];
    const command = ['agent', '--node-name', node, '--controller', `${control.ipv4}:${xdsPort}`];
    return this.#group.start({
      name: `agent of ${node}`,
      namespace: this.network.namespaceOf(node),
      command: [...fairlead(...command), '--pod-cidr', cidrs.join(','), '--log-level', 'debug', ...args],
      env,
      logFile: join(this.directory, `agent-${node}.log`),
      ready: () => this.isReady(node),
    });
  }

  /** Arguments that make an agent start an Envoy. */
  envoyArgs(node: string): readonly string[] {
    const file = (name: string) => join(this.directory, `${node}-${name}`);
    const envoyArgs = ['--concurrency 1', '--use-dynamic-base-id', '--disable-hot-restart'].join(' ');
    return [
      '--bootstrap',
      file('bootstrap.yaml'),
      '--envoy',
      envoy,
      '--envoy-log',
      file('envoy.log'),
      '--envoy-args',
      envoyArgs,
    ];
  }

  async isReady(node: string): Promise<boolean> {
    const answer = await requestFrom(this.network.namespaceOf(node), 'http://127.0.0.1:10256/readyz').catch(
      () => undefined,
    );
    return answer?.status === 200;
  }

  async metric(node: string, name: string): Promise<number | undefined> {
    const { body } = await requestFrom(this.network.namespaceOf(node), 'http://127.0.0.1:10249/metrics');
    const line = body.split('\n').find((text) => text.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length + 1));
  }

  /** How many connections Envoy's `tcp` listener took. */
  async envoyConnections(node: string): Promise<number> {
    const url = 'http://127.0.0.1:15000/stats?filter=15001.downstream_cx_total$';
    const { body } = await requestFrom(this.network.namespaceOf(node), url);
    return Number(/: (\d+)/.exec(body)?.[1] ?? 0);
  }

  /** What the agent of the node takes its Envoy for. */
  async envoyState(node: string): Promise<string | undefined> {
    const { body } = await requestFrom(this.network.namespaceOf(node), 'http://127.0.0.1:10249/metrics');
    return /fairlead_agent_envoy_state\{state="(\w+)"\} 1/.exec(body)?.[1];
  }

  /** Sends a signal to the Envoy of a node; after SIGKILL, waits until all its threads are gone and the agent took note. */
  async killEnvoy(node: string, signal: NodeJS.Signals): Promise<void> {
    const pids = await processesIn(this.network.namespaceOf(node));
    for (const pid of pids.filter((one) => commandOf(one) === 'envoy')) {
      process.kill(pid, signal);
      if (signal === 'SIGKILL') await waitUntil(() => commandOf(pid) === '', { what: 'Envoy to be gone', everyMs: 1 });
    }
  }

  async cleanUp(node: string): Promise<void> {
    await run(fairlead('agent', 'cleanup'), { namespace: this.network.namespaceOf(node) });
  }

  /** Runs a command on a node or in a pod and gives its output. */
  run(host: string, ...command: readonly string[]): Promise<string> {
    return run(command, { namespace: this.network.namespaceOf(host) });
  }

  async dial(
    from: string,
    protocol: 'tcp' | 'udp',
    host: string,
    port: number,
    count = 1,
    timeoutMs = 3_000,
  ): Promise<readonly DialResult[]> {
    const script = join(root, 'test/agent/support/dial.ts');
    const command = [process.execPath, script, protocol, host, String(port), String(count), String(timeoutMs)];
    return JSON.parse(await run(command, { namespace: this.network.namespaceOf(from) })) as readonly DialResult[];
  }

  get processes(): ProcessGroup {
    return this.#group;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return ''; // It ended meanwhile.
  }
}

/** The command line of the program under test. */
export function fairlead(...args: readonly string[]): readonly string[] {
  return [process.execPath, join(root, 'src/cli/main.ts'), ...args];
}

export function serviceUpdate(
  name: string,
  clusterIPs: readonly string[],
  ports: readonly Partial<ServicePort>[],
  extra: Partial<Service> = {},
): ModelUpdate {
  return updateOfService(aService({ namespace: 'default', name, clusterIPs, ports: ports.map(aPort), ...extra }));
}

export function sliceUpdate(
  service: string,
  family: EndpointSlice['family'],
  ports: EndpointSlice['ports'],
  members: readonly PodName[],
): ModelUpdate {
  const name = `${service}-${family.toLowerCase()}`;
  const endpoints = members.map((pod) =>
    anEndpoint(pods[pod][family], { nodeName: pod.startsWith('p1') ? 'node1' : 'node2' }),
  );
  return updateOfSlice(aSlice({ namespace: 'default', name, serviceName: service, family, ports, endpoints }));
}

function topologyOf(prefix: string): Topology {
  const node = (index: number, names: readonly PodName[]): Topology['nodes'][number] => ({
    name: `node${index}`,
    ipv4: `192.168.50.${index}`,
    ipv6: `fd00:50::${index}`,
    podCidrs: { ipv4: `10.244.${index}.0/24`, ipv6: `fd00:244:${index}::/64` },
    pods: names.map((name) => ({ name, ipv4: pods[name].IPv4, ipv6: pods[name].IPv6 })),
  });
  return { prefix, nodes: [node(1, ['p1a', 'p1b']), node(2, ['p2a'])], control };
}
