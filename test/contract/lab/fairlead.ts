import { join, resolve } from 'node:path';
import type { ManagedProcess } from '../../testbed/process.ts';
import type { ContractLab } from './contract-lab.ts';
import { families, type NodeName, nodeNames, podCidrs, zoneOf } from './plan.ts';
import type { ServiceProxy } from './service-proxy.ts';

const root = resolve(import.meta.dirname, '../../..');
const envoy = join(root, '.cache/bin/envoy');
const xdsPort = 18_000;
/** On a machine that does much else. */
const startMs = 60_000;

/** Controller, and on each node an agent, with or without an Envoy. */
export class Fairlead implements ServiceProxy {
  readonly name: string;
  readonly isThroughProxy: boolean;
  readonly #running = new Map<NodeName, ManagedProcess>();
  readonly #envoys = new Map<NodeName, ManagedProcess>();
  #lab: ContractLab | undefined;

  constructor(options: { readonly envoy: boolean }) {
    this.name = options.envoy ? 'Fairlead, Envoy on' : 'Fairlead, Envoy off';
    this.isThroughProxy = options.envoy;
  }

  async start(lab: ContractLab): Promise<void> {
    this.#lab = lab;
    await lab.processes.start({
      name: 'controller',
      namespace: lab.network.namespaceOf('ctl'),
      command: [
        ...fairlead('controller', '--kubeconfig', lab.kubeconfig, '--log-level', 'debug'),
        '--xds-address',
        `0.0.0.0:${xdsPort}`,
        '--insecure-plaintext',
      ],
      logFile: join(lab.directory, 'controller.log'),
      ready: async () => (await lab.run('ctl', 'curl', '-sf', 'http://127.0.0.1:18001/readyz')) !== '',
      readyWithinMs: startMs,
    });
    await Promise.all(nodeNames.map((node) => this.startNode(node)));
  }

  /** The kernel keeps what it has. */
  async stopNode(node: NodeName): Promise<void> {
    await this.#running.get(node)?.stop();
  }

  async startNode(node: NodeName, more: readonly string[] = []): Promise<void> {
    const lab = this.#lab;
    if (lab === undefined) throw new Error('Fairlead has no lab yet');
    const { ipv4 } = lab.network.topology.control;
    const cidrs = families.map((family) => podCidrs[node][family]).join(',');
    const pods = more.some((flag) => flag.startsWith('--detect-local-mode')) ? [] : ['--pod-cidr', cidrs];
    const command = ['agent', '--node-name', node, '--zone', zoneOf[node], '--controller', `${ipv4}:${xdsPort}`];
    const started = await lab.processes.start({
      name: `agent of ${node}`,
      namespace: lab.network.namespaceOf(node),
      command: [
        ...fairlead(...command, ...pods, ...more, '--log-level', 'debug'),
        ...(this.isThroughProxy ? ['--bootstrap', bootstrapOf(lab, node)] : []),
      ],
      logFile: join(lab.directory, `agent-${node}.log`),
      ready: async () => (await lab.host(node).fetch('http://127.0.0.1:10256/readyz')).status === 200,
      readyWithinMs: startMs,
    });
    this.#running.set(node, started);
    if (this.isThroughProxy && !this.#envoys.has(node)) this.#envoys.set(node, await startEnvoy(lab, node));
  }
}

function bootstrapOf(lab: ContractLab, node: NodeName): string {
  return join(lab.directory, `${node}-bootstrap.yaml`);
}

/** Beside the agent, as the containers of a Pod are: one restarts without the other. */
function startEnvoy(lab: ContractLab, node: NodeName): Promise<ManagedProcess> {
  const args = ['--concurrency', '1', '--use-dynamic-base-id', '--disable-hot-restart'];
  return lab.processes.start({
    name: `Envoy of ${node}`,
    namespace: lab.network.namespaceOf(node),
    command: ['setpriv', '--pdeathsig', 'KILL', envoy, '-c', bootstrapOf(lab, node), ...args],
    logFile: join(lab.directory, `${node}-envoy.log`),
  });
}

function fairlead(...args: readonly string[]): readonly string[] {
  return ['setpriv', '--pdeathsig', 'KILL', process.execPath, join(root, 'src/cli/main.ts'), ...args];
}
