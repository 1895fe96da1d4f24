import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addNamespaces, ipBatch, listNamespaces } from '../testbed/namespaces.ts';
import { run, tryRun } from '../testbed/run.ts';
import { type Layout, type NodeLayout, primary } from './layout.ts';

/**
 * What a node needs of its kernel. Rules on bridges: without them, the answer of a pod to a pod of its own node bypasses the
 * translation. Duplicate address detection would hold up every address by a second or two.
 */
const nodeSysctls = [
  'net.ipv4.ip_forward=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
  'net.ipv6.conf.all.forwarding=1',
  'net.ipv6.conf.default.accept_dad=0',
  'net.bridge.bridge-nf-call-iptables=1',
  'net.bridge.bridge-nf-call-ip6tables=1',
];

/** Spreads connections, not clients, over the nodes that a load balancer's address is routed to. */
const multipathSysctls = ['net.ipv4.fib_multipath_hash_policy', 'net.ipv6.fib_multipath_hash_policy'];

/** One bridge on the machine, one network namespace for each node on it. */
export async function makeNetwork(layout: Layout): Promise<void> {
  const existing = new Set(listNamespaces(layout.prefix));
  if (existing.size > 0) return;
  await addNamespaces(layout.nodes.map(({ namespace }) => namespace));
  await ipBatch(machineCommands(layout));
  await Promise.all(layout.nodes.map((node) => joinNode(layout, node)));
  if (layout.options.loadBalancer) await setMultipath(layout);
}

export async function removeNetwork(layout: Layout): Promise<void> {
  const namespaces = listNamespaces(layout.prefix);
  await ipBatch(namespaces.map((name) => `netns del ${name}`));
  // Takes the addresses and all routes of the cluster along.
  await tryRun(['ip', 'link', 'del', layout.bridge]);
  for (const link of await linksOf(layout)) await tryRun(['ip', 'link', 'del', link]);
  await removeBlackholes(layout);
  await restoreMultipath(layout);
}

/** Links, routes and namespaces of the cluster that are there. */
export async function networkLeftovers(layout: Layout): Promise<readonly string[]> {
  return [...listNamespaces(layout.prefix), ...(await linksOf(layout))];
}

async function linksOf(layout: Layout): Promise<readonly string[]> {
  const links = JSON.parse(await run(['ip', '-json', 'link', 'show'])) as readonly { readonly ifname: string }[];
  return links.map(({ ifname }) => ifname).filter((name) => name === layout.bridge || name.startsWith(layout.prefix));
}

/** The API server and the tests run on the machine and reach pods, too. */
function machineCommands(layout: Layout): readonly string[] {
  const { bridge, subnets, nodes } = layout;
  return [
    `link add ${bridge} type bridge`,
    ...subnets.map(
      ({ machine, prefixLength }) => `addr add ${machine}/${prefixLength} dev ${bridge} ${nodad(machine)}`,
    ),
    `link set ${bridge} up`,
    ...nodes.flatMap(({ link, namespace }) => [
      `link add ${link} type veth peer name eth0 netns ${namespace}`,
      `link set ${link} master ${bridge} up`,
    ]),
    ...nodes.flatMap((node) => podRoutes(node)),
    ...(layout.options.loadBalancer
      ? subnets.map(
          ({ loadBalancerClient }) => `addr add ${loadBalancerClient} dev ${bridge} ${nodad(loadBalancerClient)}`,
        )
      : []),
  ];
}

/** A default route, or a packet from the node itself to a cluster IP has no route and no proxy ever sees it. */
async function joinNode(layout: Layout, node: NodeLayout): Promise<void> {
  await run(['sysctl', '-qw', ...nodeSysctls], { namespace: node.namespace });
  const addresses = layout.subnets.map(
    ({ prefixLength }, at) => `addr add ${node.addresses[at]}/${prefixLength} dev eth0 ${nodad(node.addresses[at])}`,
  );
  const defaults = layout.subnets.map(({ machine }) => `route add default via ${machine}`);
  const others = layout.nodes.filter(({ name }) => name !== node.name).flatMap(podRoutes);
  await ipBatch([...addresses, 'link set eth0 up', ...defaults, ...others], node.namespace);
}

function podRoutes(node: NodeLayout): readonly string[] {
  return node.podCidrs.map((cidr, at) => `route add ${cidr} via ${node.addresses[at]}`);
}

function nodad(address = ''): string {
  return address.includes(':') ? 'nodad' : '';
}

async function setMultipath(layout: Layout): Promise<void> {
  const before = await Promise.all(multipathSysctls.map(async (name) => `${name}=${await readSysctl(name)}`));
  writeFileSync(sysctlsFile(layout), before.join('\n'));
  await run(['sysctl', '-qw', ...multipathSysctls.map((name) => `${name}=1`)]);
}

async function restoreMultipath(layout: Layout): Promise<void> {
  const file = sysctlsFile(layout);
  if (existsSync(file)) await run(['sysctl', '-qw', ...readFileSync(file, 'utf8').split('\n')]);
}

function sysctlsFile(layout: Layout): string {
  return join(layout.folder, 'sysctls-before');
}

async function readSysctl(name: string): Promise<string> {
  return (await run(['sysctl', '-n', name])).trim();
}

/** Routes to load balancers without a healthy node hang on no link. */
async function removeBlackholes({ subnets }: Layout): Promise<void> {
  for (const { family, loadBalancerPrefix } of subnets) {
    const version = family === 'IPv4' ? '-4' : '-6';
    const routes = await run(['ip', version, 'route', 'show', 'type', 'blackhole']);
    for (const line of routes.split('\n').filter((route) => route.includes(loadBalancerPrefix))) {
      await run(['ip', version, 'route', 'del', ...line.trim().split(' ').slice(0, 2)]);
    }
  }
}

/** The address by which the machine and the nodes reach the API server. */
export function apiHost({ subnets }: Layout): string {
  return primary(subnets).machine;
}
