import { join, resolve } from 'node:path';

export const repository = resolve(import.meta.dirname, '../..');
export const bin = join(repository, '.cache/bin');

/** IP families of nodes, pods and Services; the first is the primary one. */
export type Family = 'IPv4' | 'IPv6';

/** How a pod hangs on its node: on a Linux bridge, or routed by a veth pair of its own. */
export type Cni = 'bridge' | 'ptp';

export type ProxyKind = 'kube-proxy' | 'fairlead' | 'none';

export interface ClusterOptions {
  /** Tells clusters on one machine apart: 0 to 9. */
  readonly instance: number;
  readonly proxy: ProxyKind;
  readonly cni: Cni;
  readonly families: readonly Family[];
  readonly nodes: number;
  /** Whether a stand-in gives Services of type LoadBalancer an address. */
  readonly loadBalancer: boolean;
}

/** An address plan in one family. */
export interface Subnets {
  readonly family: Family;
  /** Of the network between the machine and the nodes, with its prefix length. */
  readonly machine: string;
  readonly prefixLength: number;
  readonly pods: string;
  readonly services: string;
  /** Of default/kubernetes: the first address of `services`. */
  readonly apiService: string;
  readonly dns: string;
  /** Addresses for load balancers: this, with a number appended. */
  readonly loadBalancerPrefix: string;
  /** What clients of a load balancer have as their address: a stranger to the nodes' network. */
  readonly loadBalancerClient: string;
}

export interface NodeLayout {
  readonly name: string;
  /** Network namespace. */
  readonly namespace: string;
  /** The machine's end of its link; at most 15 bytes. */
  readonly link: string;
  /** By family, in the order of the cluster's families. */
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
  readonly zone: string;
  readonly folder: string;
  readonly socket: string;
}

/** Names, addresses, ports and files of a cluster: everything that does not depend on what runs. */
export interface Layout {
  readonly options: ClusterOptions;
  /** Begins the names of namespaces and links. */
  readonly prefix: string;
  readonly bridge: string;
  readonly subnets: readonly Subnets[];
  readonly nodes: readonly NodeLayout[];
  readonly ports: {
    readonly api: number;
    readonly controllerManager: number;
    readonly scheduler: number;
    readonly etcd: number;
    readonly etcdPeer: number;
  };
  /** The API server as machine and nodes reach it. */
  readonly apiUrl: string;
  /** Everything that goes when the cluster goes. */
  readonly folder: string;
  readonly logs: string;
  readonly adminKubeconfig: string;
  /** Control group that everything of the cluster lives in, below the root. */
  readonly cgroup: string;
}

/** Short, since it begins the path of a socket, which Linux cuts off at 107 bytes. */
const stateFolder = '/var/tmp';

export function layoutOf(options: ClusterOptions): Layout {
  const { instance } = options;
  const prefix = `flc${instance}-`;
  const folder = join(stateFolder, `fairlead-cluster-${instance}`);
  const subnets = options.families.map((family) => subnetsOf(family, instance));
  const firstPort = 16_443 + 10 * instance;
  return {
    options,
    prefix,
    bridge: `flc${instance}`,
    subnets,
    nodes: Array.from({ length: options.nodes }, (_, at) => nodeOf(at + 1, { prefix, folder, subnets })),
    ports: {
      api: firstPort,
      controllerManager: firstPort + 1,
      scheduler: firstPort + 2,
      etcd: firstPort + 3,
      etcdPeer: firstPort + 4,
    },
    apiUrl: `https://${inUrl(primary(subnets).machine)}:${firstPort}`,
    folder,
    logs: join(folder, 'logs'),
    adminKubeconfig: join(folder, 'admin.kubeconfig'),
    cgroup: `fairlead-cluster-${instance}`,
  };
}

/** The first of a list that cannot be empty: a cluster has at least one family. */
export function primary<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined) throw new Error('A cluster needs at least one IP family');
  return first;
}

export function inUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Addresses of different instances differ where they are in the machine's own routes: nodes, pods, load balancers. */
function subnetsOf(family: Family, instance: number): Subnets {
  return family === 'IPv4' ? ipv4Subnets(instance) : ipv6Subnets(instance);
}

function ipv4Subnets(instance: number): Subnets {
  return {
    family: 'IPv4',
    machine: `172.31.${100 + instance}.1`,
    prefixLength: 24,
    pods: `10.${220 + instance}.0.0/16`,
    services: '10.246.0.0/16',
    apiService: '10.246.0.1',
    dns: '10.246.0.10',
    loadBalancerPrefix: `172.31.${200 + instance}.`,
    loadBalancerClient: `10.250.${instance}.1`,
  };
}

function ipv6Subnets(instance: number): Subnets {
  return {
    family: 'IPv6',
    machine: `fd00:f1:${instance}::1`,
    prefixLength: 64,
    pods: `fd00:f1:${instance}:1000::/56`,
    // The API server takes at most 20 bits of an IPv6 range.
    services: 'fd00:f1:ffff::/112',
    apiService: 'fd00:f1:ffff::1',
    dns: 'fd00:f1:ffff::a',
    loadBalancerPrefix: `fd00:f1:${instance}:2::`,
    loadBalancerClient: `fd00:f1:${instance}:3::1`,
  };
}

interface NodePlace {
  readonly prefix: string;
  readonly folder: string;
  readonly subnets: readonly Subnets[];
}

function nodeOf(number: number, place: NodePlace): NodeLayout {
  const name = `node${number}`;
  const folder = join(place.folder, name);
  return {
    name,
    namespace: `${place.prefix}${name}`,
    link: `${place.prefix}${name}`,
    addresses: place.subnets.map((subnets) => nodeAddress(subnets, number)),
    podCidrs: place.subnets.map((subnets) => podCidr(subnets, number)),
    zone: `zone-${((number - 1) % 3) + 1}`,
    folder,
    socket: join(folder, 'containerd.sock'),
  };
}

function nodeAddress({ family, machine }: Subnets, number: number): string {
  return family === 'IPv4' ? machine.replace(/\.1$/, `.${10 + number}`) : machine.replace(/::1$/, `::1${number}`);
}

function podCidr({ family, pods }: Subnets, number: number): string {
  return family === 'IPv4'
    ? pods.replace(/\.0\.0\/16$/, `.${number}.0/24`)
    : pods.replace(/1000::\/56$/, `100${number}::/64`);
}
