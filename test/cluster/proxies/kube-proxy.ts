import { images } from '../images/names.ts';
import { applyTemplate, rolledOut } from '../kubectl.ts';
import type { Layout } from '../layout.ts';
import { apiHost } from '../network.ts';

/** Installs the real kube-proxy, in the mode `nftables`, on every node; ready on return. */
export async function installKubeProxy(layout: Layout): Promise<void> {
  await applyTemplate(layout, 'kube-proxy.yaml', {
    IMAGE: images.kubeProxy,
    POD_CIDRS: layout.subnets.map(({ pods }) => pods).join(),
    ANY: layout.options.families[0] === 'IPv6' ? '[::]' : '0.0.0.0',
    API_HOST: apiHost(layout),
    API_PORT: String(layout.ports.api),
  });
  await rolledOut(layout, 'kube-system', ['daemonset/kube-proxy']);
}
