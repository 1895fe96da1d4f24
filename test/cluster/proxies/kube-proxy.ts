import { join } from 'node:path';
import { kubeconfigPath } from '../credentials.ts';
import { startDaemon } from '../daemons.ts';
import { asFlags } from '../flags.ts';
import { bin, type Layout, type NodeLayout } from '../layout.ts';

/** Starts the real kube-proxy, in the mode `nftables`, on every node. */
export async function startKubeProxies(layout: Layout): Promise<void> {
  await Promise.all(layout.nodes.map((node) => startKubeProxy(layout, node)));
}

async function startKubeProxy(layout: Layout, node: NodeLayout): Promise<void> {
  const everywhere = layout.options.families[0] === 'IPv6' ? '[::]' : '0.0.0.0';
  const flags = {
    kubeconfig: kubeconfigPath(layout, 'kube-proxy'),
    'proxy-mode': 'nftables',
    'hostname-override': node.name,
    'cluster-cidr': layout.subnets.map(({ pods }) => pods).join(),
    // Only the machine's own namespace can set the size of the table.
    'conntrack-max-per-core': '0',
    'healthz-bind-address': `${everywhere}:10256`,
    'metrics-bind-address': `${everywhere}:10249`,
  };
  const command = [join(bin, 'kube-proxy'), ...asFlags(flags)];
  await startDaemon(layout, { name: `kube-proxy-${node.name}`, node, command });
}
