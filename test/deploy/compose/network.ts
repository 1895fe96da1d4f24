import { addNamespaces, ipBatch } from '../../testbed/namespaces.ts';
import { run } from '../../testbed/run.ts';
import type { ComposeProject, ComposeService } from './project.ts';

/**
 * What Docker's bridge driver makes: a bridge in a namespace that stands for the host, one link of each service to it, named eth0
 * there, with its address and a default route to the bridge.
 */
export async function openNetworks(project: ComposeProject, prefix: string): Promise<void> {
  const attached = Object.entries(project.services).filter(([, service]) => service.networks !== undefined);
  await addNamespaces(['host', ...attached.map(([name]) => name)].map((name) => `${prefix}${name}`));
  for (const [network, { ipam }] of Object.entries(project.networks)) {
    const { subnet, gateway } = only(ipam.config, `networks.${network}.ipam.config`);
    const bits = subnet.slice(subnet.indexOf('/'));
    await ipBatch(
      [`link add ${network} type bridge`, `addr add ${gateway}${bits} dev ${network}`, `link set ${network} up`],
      `${prefix}host`,
    );
    for (const [name, service] of attached) await attach({ prefix, name, service, network, gateway, bits });
  }
}

interface Attachment {
  readonly prefix: string;
  readonly name: string;
  readonly service: ComposeService;
  readonly network: string;
  readonly gateway: string;
  readonly bits: string;
}

async function attach({ prefix, name, service, network, gateway, bits }: Attachment): Promise<void> {
  const own = `${prefix}${name}`;
  const address = service.networks?.[network]?.ipv4_address;
  if (address === undefined) return;
  await ipBatch([`link add v-${name} netns ${prefix}host type veth peer name eth0 netns ${own}`]);
  await ipBatch([`link set v-${name} master ${network} up`], `${prefix}host`);
  await ipBatch([`addr add ${address}${bits} dev eth0`, 'link set eth0 up', `route add default via ${gateway}`], own);
  const sysctls = Object.entries(service.sysctls ?? {}).map(([key, value]) => `${key}=${value}`);
  if (sysctls.length > 0) await run(['sysctl', '-qw', ...sysctls], { namespace: own });
}

function only<T>(list: readonly T[], what: string): T {
  const [item] = list;
  if (item === undefined || list.length !== 1) throw new Error(`${what} must have one entry, not ${list.length}`);
  return item;
}
