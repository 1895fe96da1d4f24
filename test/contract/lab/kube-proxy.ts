import { join, resolve } from 'node:path';
import type { ManagedProcess } from '../../testbed/process.ts';
import type { ContractLab } from './contract-lab.ts';
import { type NodeName, nodeNames } from './plan.ts';
import type { ServiceProxy } from './service-proxy.ts';

const binary = resolve(import.meta.dirname, '../../../.cache/bin/kube-proxy');

/** The real kube-proxy in nftables mode. */
export class KubeProxy implements ServiceProxy {
  readonly name = 'kube-proxy';
  readonly isThroughProxy = false;
  readonly #running = new Map<NodeName, ManagedProcess>();
  #lab: ContractLab | undefined;

  async start(lab: ContractLab): Promise<void> {
    this.#lab = lab;
    await Promise.all(nodeNames.map((node) => this.startNode(node)));
  }

  async stopNode(node: NodeName): Promise<void> {
    await this.#running.get(node)?.stop();
  }

  async startNode(node: NodeName, more: readonly string[] = []): Promise<void> {
    const lab = this.#lab;
    if (lab === undefined) throw new Error('kube-proxy has no lab yet');
    const started = await lab.processes.start({
      name: `kube-proxy of ${node}`,
      namespace: lab.network.namespaceOf(node),
      command: ['setpriv', '--pdeathsig', 'KILL', binary, ...flags(node, lab.kubeconfig), ...more],
      logFile: join(lab.directory, `kube-proxy-${node}.log`),
      ready: async () => (await lab.host(node).fetch('http://127.0.0.1:10256/livez')).status === 200,
    });
    this.#running.set(node, started);
  }
}

function flags(node: NodeName, kubeconfig: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${node}`,
    '--proxy-mode=nftables',
    '--detect-local-mode=NodeCIDR',
    // These two are the machine's, not a network namespace's.
    '--conntrack-max-per-core=0',
    '--conntrack-min=0',
    // The default is 1 s, which every step of every scenario would wait for.
    '--iptables-min-sync-period=50ms',
    '--v=2',
  ];
}
