import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preferenceOf } from '../../../src/base/rendezvous.ts';
import { startEcho } from '../../testbed/echo-pod.ts';
import type { Attempt } from '../../testbed/load/attempt.ts';
import { type Network, type NodeSpec, openNetwork } from '../../testbed/network.ts';
import { type ManagedProcess, ProcessGroup } from '../../testbed/process.ts';
import { fetchJsonFrom, requestFrom } from '../../testbed/request.ts';
import { run } from '../../testbed/run.ts';
import { RunningLoad } from '../../testbed/running-load.ts';
import { waitUntil } from '../../testbed/wait.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const echoPort = 8080;

interface Stream {
  readonly node?: { readonly id: string; readonly userAgent: string };
}

/** Two nodes, each with a real agent, Envoy and pod, and real controllers on hosts of their own that read one directory. */
export class Fleet {
  static readonly nodes = ['node1', 'node2'] as const;
  readonly network: Network;
  readonly controllers: readonly string[];
  readonly #directory = mkdtempSync(join(tmpdir(), 'fairlead-replicas-'));
  readonly #group = new ProcessGroup();
  readonly #running = new Map<string, ManagedProcess>();
  #services = 0;

  private constructor(network: Network, controllers: readonly string[]) {
    this.network = network;
    this.controllers = controllers;
    mkdirSync(this.#manifests);
    // Short, so that a test sees a node go back; a stream that ends by it is opened again at once.
    const limits = 'limits: { connectionAgeMs: 3000 }';
    const header = 'apiVersion: config.fairlead.dev/v1alpha1\nkind: ControllerConfiguration';
    writeFileSync(this.#file('controller.yaml'), `${header}\n${limits}\n`);
  }

  /** @param replicas at most 3 */
  static async open(prefix: string, replicas: number): Promise<Fleet> {
    const controllers = ['c1', 'c2', 'c3'].slice(0, replicas);
    const nodes = [nodeSpec('node1', 1, ['p1']), nodeSpec('node2', 2, ['p2'])];
    const hosts = controllers.map((name, index) => nodeSpec(name, 11 + index, []));
    const control = { ipv4: '192.168.50.100', ipv6: 'fd00:50::64' };
    const fleet = new Fleet(await openNetwork({ prefix, nodes: [...nodes, ...hosts], control }), controllers);
    await Promise.all(Fleet.nodes.map((node) => fleet.#startEcho(node)));
    fleet.addService();
    await Promise.all(controllers.map((name) => fleet.startController(name)));
    await Promise.all(Fleet.nodes.map((node) => fleet.#startAgent(node)));
    return fleet;
  }

  async close(): Promise<void> {
    await this.#group.stopAll();
    await this.network.close();
    if (process.env['KEEP_LOGS'] === undefined) rmSync(this.#directory, { recursive: true });
  }

  /** The controllers in the order in which a node prefers them. */
  preferred(node: string): readonly string[] {
    const byAddress = new Map(this.controllers.map((name) => [this.#xdsAddress(name), name]));
    return preferenceOf(node, [...byAddress.keys()]).map((address) => byAddress.get(address) ?? '');
  }

  async startController(name: string): Promise<void> {
    const args = ['controller', '--manifests', this.#manifests, '--config', this.#file('controller.yaml')];
    const started = await this.#group.start({
      name,
      namespace: this.network.namespaceOf(name),
      command: [...fairlead(...args), '--xds-address', '0.0.0.0:18000', '--insecure-plaintext', '--log-level', 'debug'],
      logFile: this.#file(`${name}.log`),
      ready: () => this.#answers(name, 'http://127.0.0.1:18001/readyz'),
    });
    this.#running.set(name, started);
  }

  /** Without a word more to its clients than what the kernel says: their connections are reset. */
  async killController(name: string): Promise<void> {
    await this.#running.get(name)?.kill('SIGKILL');
  }

  /** Nothing that is sent to the controller arrives any more, nor what it sends. */
  async partition(name: string, isOn: boolean): Promise<void> {
    await run(['ip', 'link', 'set', `p-${name}`, isOn ? 'down' : 'up'], {
      namespace: this.network.namespaceOf('fabric'),
    });
  }

  /** An HTTP Service of the pods of both nodes. @returns its address */
  addService(): string {
    this.#services += 1;
    const name = `service-${this.#services}`;
    const address = `10.96.1.${this.#services}`;
    writeFileSync(join(this.#manifests, `${name}.yaml`), manifestOf(name, address));
    return address;
  }

  async load(pod: string, address: string): Promise<RunningLoad> {
    const place = { namespace: this.network.namespaceOf(pod), logFile: this.#file(`load-${pod}.log`) };
    return RunningLoad.start(this.#group, place, { target: `${address}:80`, rate: 50, timeoutMs: 4_000 });
  }

  /** Whether a node's Envoy would find this Service's route. */
  async envoyKnows(node: string, address: string): Promise<boolean> {
    const url = 'http://127.0.0.1:15000/config_dump?resource=dynamic_scoped_route_configs';
    const { body } = await requestFrom(this.network.namespaceOf(node), url);
    return body.includes(`"${address}:80"`);
  }

  /** Whether a node's kernel has this Service, by the agent. */
  async kernelKnows(node: string, address: string): Promise<boolean> {
    return (await run(['nft', 'list', 'ruleset'], { namespace: this.network.namespaceOf(node) })).includes(address);
  }

  /** What is connected to a controller: `node1 envoy`, `node1 agent`. */
  async clientsOf(controller: string): Promise<readonly string[]> {
    const url = 'http://127.0.0.1:18001/status';
    const { streams } = await fetchJsonFrom<{ readonly streams: readonly Stream[] }>(
      this.network.namespaceOf(controller),
      url,
    );
    return streams
      .flatMap(({ node }) =>
        node === undefined ? [] : [`${node.id} ${/envoy/.test(node.userAgent) ? 'envoy' : 'agent'}`],
      )
      .sort();
  }

  /** Resolves once the client, such as `node1 envoy`, is at this controller. */
  async untilAt(controller: string, client: string, withinMs = 30_000): Promise<void> {
    await waitUntil(async () => (await this.clientsOf(controller)).includes(client), {
      what: `${client} to be at ${controller}`,
      withinMs,
    });
  }

  async #startEcho(node: string): Promise<void> {
    const pod = `p${node.slice(-1)}`;
    const spec = { network: this.network, pod, node, directory: this.#directory, http: echoPort };
    await startEcho(this.#group, spec);
  }

  async #startAgent(node: string): Promise<void> {
    const cidrs = `10.244.${node.slice(-1)}.0/24,fd00:244:${node.slice(-1)}::/64`;
    const controllers = this.controllers.map((name) => this.#xdsAddress(name)).join(',');
    const envoy = ['--bootstrap', this.#file(`${node}.yaml`), '--envoy', join(root, '.cache/bin/envoy')];
    const envoyArgs = ['--envoy-args', '--concurrency 1 --use-dynamic-base-id --disable-hot-restart'];
    const command = ['agent', '--node-name', node, '--controller', controllers, '--pod-cidr', cidrs, ...envoy];
    await this.#group.start({
      name: `agent of ${node}`,
      namespace: this.network.namespaceOf(node),
      command: [...fairlead(...command), ...envoyArgs, '--envoy-log', this.#file(`${node}-envoy.log`)],
      logFile: this.#file(`agent-${node}.log`),
      ready: () => this.#answers(node, 'http://127.0.0.1:10256/readyz'),
    });
  }

  async #answers(host: string, url: string): Promise<boolean> {
    const answer = await requestFrom(this.network.namespaceOf(host), url).catch(() => undefined);
    return answer?.status === 200;
  }

  #xdsAddress(controller: string): string {
    return `192.168.50.${11 + this.controllers.indexOf(controller)}:18000`;
  }

  get #manifests(): string {
    return join(this.#directory, 'manifests');
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }
}

export function failuresOf(attempts: readonly Attempt[]): readonly Attempt[] {
  return attempts.filter(({ outcome }) => outcome !== 'ok');
}

function fairlead(...args: readonly string[]): readonly string[] {
  return [process.execPath, join(root, 'src/cli/main.ts'), ...args];
}

function nodeSpec(name: string, index: number, pods: readonly string[]): NodeSpec {
  return {
    name,
    ipv4: `192.168.50.${index}`,
    ipv6: `fd00:50::${index}`,
    podCidrs: { ipv4: `10.244.${index}.0/24`, ipv6: `fd00:244:${index}::/64` },
    pods: pods.map((pod) => ({ name: pod, ipv4: `10.244.${index}.10`, ipv6: `fd00:244:${index}::10` })),
  };
}

function manifestOf(name: string, address: string): string {
  const ports = [{ name: 'http', port: 80, targetPort: echoPort }];
  const objects = [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'default', name },
      spec: { clusterIP: address, clusterIPs: [address], ports },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'default', name: `${name}-a`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: echoPort }],
      endpoints: Fleet.nodes.map((nodeName, index) => ({
        addresses: [`10.244.${index + 1}.10`],
        nodeName,
        conditions: { ready: true },
      })),
    },
  ];
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}
