import { images } from './images/names.ts';
import { applyTemplate, rolledOut } from './kubectl.ts';
import { type Layout, primary } from './layout.ts';
import { apiHost } from './network.ts';

/** Installs CoreDNS. */
export async function installDns(layout: Layout): Promise<void> {
  await applyTemplate(layout, 'coredns.yaml', {
    IMAGE: images.coredns,
    API_HOST: apiHost(layout),
    API_PORT: String(layout.ports.api),
    DNS: primary(layout.subnets).dns,
    DNS_ADDRESSES: JSON.stringify(layout.subnets.map(({ dns }) => dns)),
  });
}

export async function dnsReady(layout: Layout): Promise<void> {
  await rolledOut(layout, 'kube-system', ['deployment/coredns']);
}
