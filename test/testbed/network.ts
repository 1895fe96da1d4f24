import { lockPrefix } from './lock.ts';
import { addNamespaces, ipBatch, listNamespaces, removeNamespaces } from './namespaces.ts';
import { run } from './run.ts';

/** The longest pod name: the node's end of its link is `v-` and the name, and Linux allows 15 bytes. */
const longestPodName = 13;

export interface PodSpec {
  readonly name: string;
  readonly ipv4: string;
  /** None: the pod speaks IPv4 only. */
  readonly ipv6?: string;
}

export interface NodeSpec {
  readonly name: string;
  /** Address between nodes, in 192.168.50.0/24. */
  readonly ipv4: string;
  /** Address between nodes, in fd00:50::/64. */
  readonly ipv6: string;
  readonly podCidrs: { readonly ipv4: string; readonly ipv6: string };
  readonly pods: readonly PodSpec[];
}

export interface Topology {
  /** Begins the name of every namespace; two testbeds of different prefixes do not see each other. */
  readonly prefix: string;
  readonly nodes: readonly NodeSpec[];
  /** A host beside the nodes, for the control plane and what collects telemetry; namespace `<prefix>ctl`. */
  readonly control: { readonly ipv4: string; readonly ipv6: string };
}

export interface Network {
  readonly topology: Topology;
  /** Namespace of a node, a pod, or the control host (`ctl`). */
  namespaceOf(name: string): string;
  /** Ends every process in it and deletes it. */
  close(): Promise<void>;
}

/**
 * Builds nodes and pods out of network namespaces. Nodes and the control host hang on one bridge (namespace
 * `<prefix>fabric`). Pods are routed: a veth into the node with a /32 (and /128) route and the gateway
 * 169.254.1.1 (fe80::1), as Calico and kindnet do. What a crashed run of the same prefix left is removed first.
 */
export async function openNetwork(topology: Topology): Promise<Network> {
  checkNames(topology);
  const { prefix } = topology;
  const release = lockPrefix(prefix);
  const close = async () => {
    await removeNamespaces(prefix);
    release();
  };
  try {
    await removeNamespaces(prefix);
    await addNamespaces(namespacesOf(topology));
    await setSysctls(topology);
    await ipBatch(linkCommands(topology));
    await Promise.all([...addressPlan(topology)].map(([name, commands]) => ipBatch(commands, `${prefix}${name}`)));
  } catch (error) {
    await close();
    throw error;
  }
  return { topology, namespaceOf: (name) => `${prefix}${name}`, close };
}

/** Whether anything of a testbed is left. */
export function networkExists(prefix: string): boolean {
  return listNamespaces(prefix).length > 0;
}

function checkNames(topology: Topology): void {
  const names = namespacesOf(topology);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`Two hosts of the testbed are named ${twice}`);
  const long = podsOf(topology).find((pod) => pod.name.length > longestPodName);
  if (long !== undefined) throw new Error(`Pod name ${long.name} is longer than ${longestPodName} characters`);
}

function podsOf(topology: Topology): readonly PodSpec[] {
  return topology.nodes.flatMap((node) => node.pods);
}

function namespacesOf(topology: Topology): readonly string[] {
  const hosts = [...topology.nodes, ...podsOf(topology)].map((host) => host.name);
  return ['fabric', 'ctl', ...hosts].map((name) => `${topology.prefix}${name}`);
}

/** Of every host. Addresses here are unique: looking for duplicates would delay the first packets by a second. */
const hostSysctls = ['net.ipv6.conf.all.disable_ipv6=0', 'net.ipv6.conf.default.accept_dad=0'];

const nodeSysctls = [
  // What a node sends in the name of a pod is known by its port: pods take theirs from below.
  'net.ipv4.ip_local_port_range=61000 65535',
  'net.ipv4.ip_forward=1',
  // Replies of a proxy that speaks with the client's address arrive on another interface than they leave by.
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
  'net.ipv4.conf.all.send_redirects=0',
  'net.ipv6.conf.all.forwarding=1',
  'net.ipv6.conf.default.forwarding=1',
];

async function setSysctls(topology: Topology): Promise<void> {
  const nodes = new Set(topology.nodes.map((node) => `${topology.prefix}${node.name}`));
  const set = (namespace: string) =>
    run(['sysctl', '-qw', ...hostSysctls, ...(nodes.has(namespace) ? nodeSysctls : [])], { namespace });
  await Promise.all(namespacesOf(topology).map(set));
}

function linkCommands({ prefix, nodes }: Topology): readonly string[] {
  const uplinks = [...nodes.map((node) => node.name), 'ctl'].map(
    (name) => `link add p-${name} netns ${prefix}fabric type veth peer name eth0 netns ${prefix}${name}`,
  );
  const podLinks = nodes.flatMap((node) =>
    node.pods.map(
      (pod) => `link add v-${pod.name} netns ${prefix}${node.name} type veth peer name eth0 netns ${prefix}${pod.name}`,
    ),
  );
  return [`link add br0 netns ${prefix}fabric type bridge`, ...uplinks, ...podLinks];
}

/** `ip` commands by host. */
function addressPlan(topology: Topology): ReadonlyMap<string, readonly string[]> {
  const plan = new Map<string, readonly string[]>([
    ['fabric', fabricCommands(topology)],
    ['ctl', [...uplinkCommands(topology.control), ...topology.nodes.flatMap(routesTo)]],
  ]);
  for (const node of topology.nodes) {
    plan.set(node.name, nodeCommands(topology, node));
    for (const pod of node.pods) plan.set(pod.name, podCommands(pod));
  }
  return plan;
}

/** The bridge's own address is where the nodes' default routes end; nothing is forwarded there. */
function fabricCommands({ nodes }: Topology): readonly string[] {
  const ports = [...nodes.map((node) => node.name), 'ctl'].flatMap((name) => [
    `link set p-${name} master br0`,
    `link set p-${name} up`,
  ]);
  const addresses = ['addr add 192.168.50.254/24 dev br0', 'addr add fd00:50::fe/64 dev br0'];
  return [...addresses, 'link set br0 up', ...ports];
}

function uplinkCommands(host: { readonly ipv4: string; readonly ipv6: string }): readonly string[] {
  return [
    'link set eth0 up',
    `addr add ${host.ipv4}/24 dev eth0`,
    `addr add ${host.ipv6}/64 dev eth0`,
    'route add default via 192.168.50.254',
    'route add default via fd00:50::fe',
  ];
}

function routesTo(node: NodeSpec): readonly string[] {
  return [`route add ${node.podCidrs.ipv4} via ${node.ipv4}`, `route add ${node.podCidrs.ipv6} via ${node.ipv6}`];
}

function nodeCommands(topology: Topology, node: NodeSpec): readonly string[] {
  const others = topology.nodes.filter((other) => other !== node);
  return [...uplinkCommands(node), ...others.flatMap(routesTo), ...node.pods.flatMap(podLinkCommands)];
}

function podLinkCommands(pod: PodSpec): readonly string[] {
  const link = `v-${pod.name}`;
  const ipv4 = [`link set ${link} up`, `addr add 169.254.1.1/32 dev ${link}`, `route add ${pod.ipv4} dev ${link}`];
  if (pod.ipv6 === undefined) return ipv4;
  return [...ipv4, `addr add fe80::1/64 dev ${link}`, `route add ${pod.ipv6} dev ${link}`];
}

function podCommands(pod: PodSpec): readonly string[] {
  const ipv4 = [
    'link set eth0 up',
    `addr add ${pod.ipv4}/32 dev eth0`,
    'route add 169.254.1.1 dev eth0',
    'route add default via 169.254.1.1 dev eth0',
  ];
  if (pod.ipv6 === undefined) return ipv4;
  return [...ipv4, `addr add ${pod.ipv6}/128 dev eth0`, 'route add default via fe80::1 dev eth0'];
}
