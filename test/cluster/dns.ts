import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { images } from './images/names.ts';
import { apply, rolledOut } from './kubectl.ts';
import { type Layout, primary } from './layout.ts';
import { apiHost } from './network.ts';

/** Installs CoreDNS. */
export async function installDns(layout: Layout): Promise<void> {
  const values: Readonly<Record<string, string>> = {
    IMAGE: images.coredns,
    API_HOST: apiHost(layout),
    API_PORT: String(layout.ports.api),
    DNS: primary(layout.subnets).dns,
    DNS_ADDRESSES: JSON.stringify(layout.subnets.map(({ dns }) => dns)),
  };
  const template = readFileSync(join(import.meta.dirname, 'manifests/coredns.yaml'), 'utf8');
  await apply(
    layout,
    template.replaceAll(/@([A-Z_]+)@/g, (_, name: string) => values[name] ?? ''),
  );
}

export async function dnsReady(layout: Layout): Promise<void> {
  await rolledOut(layout, 'kube-system', ['deployment/coredns']);
}
