import type { NodeSpec, Topology } from '../../testbed/network.ts';

export type Family = 'IPv4' | 'IPv6';
export const families = ['IPv4', 'IPv6'] as const;

/** p1a and p1b are pods of node1, p2a and p2b of node2; ext1 and ext2 are outside of the cluster and reach it by node1 and node2. */
export type HostName = 'p1a' | 'p1b' | 'p2a' | 'p2b' | 'node1' | 'node2' | 'ext1' | 'ext2';
export type NodeName = 'node1' | 'node2';

export const nodeNames = ['node1', 'node2'] as const;
const outsideNames = ['ext1', 'ext2'] as const;

type Addresses = Readonly<Record<Family, string>>;

export const hostAddresses: Readonly<Record<HostName, Addresses>> = {
  p1a: { IPv4: '10.244.1.10', IPv6: 'fd00:244:1::10' },
  p1b: { IPv4: '10.244.1.11', IPv6: 'fd00:244:1::11' },
  p2a: { IPv4: '10.244.2.10', IPv6: 'fd00:244:2::10' },
  p2b: { IPv4: '10.244.2.11', IPv6: 'fd00:244:2::11' },
  node1: { IPv4: '192.168.50.1', IPv6: 'fd00:50::1' },
  node2: { IPv4: '192.168.50.2', IPv6: 'fd00:50::2' },
  ext1: { IPv4: '192.168.50.11', IPv6: 'fd00:50::b' },
  ext2: { IPv4: '192.168.50.12', IPv6: 'fd00:50::c' },
};

export const hostNames = Object.keys(hostAddresses) as readonly HostName[];

/** The node of a pod or of itself; what is outside has none. */
export const nodeOf: Readonly<Record<HostName, NodeName | undefined>> = {
  p1a: 'node1',
  p1b: 'node1',
  p2a: 'node2',
  p2b: 'node2',
  node1: 'node1',
  node2: 'node2',
  ext1: undefined,
  ext2: undefined,
};

export const zoneOf: Readonly<Record<NodeName, string>> = { node1: 'zone-a', node2: 'zone-b' };

export const podCidrs: Readonly<Record<NodeName, Addresses>> = {
  node1: { IPv4: '10.244.1.0/24', IPv6: 'fd00:244:1::/64' },
  node2: { IPv4: '10.244.2.0/24', IPv6: 'fd00:244:2::/64' },
};

/** Of a node's end of the link to each of its pods. */
export const linkAddress = '169.254.1.1';

/** Every address of a node; its own routed pods may see that of the link. */
export const addressesOfNode: Readonly<Record<NodeName, readonly string[]>> = {
  node1: [linkAddress, hostAddresses.node1.IPv4, hostAddresses.node1.IPv6],
  node2: [linkAddress, hostAddresses.node2.IPv4, hostAddresses.node2.IPv6],
};

export const serviceCidrs: Addresses = { IPv4: '10.96.0.0/16', IPv6: 'fd00:96::/112' };
/** Of load balancers and of external IPs; no host has them. */
const virtualCidrs: Addresses = { IPv4: '198.18.0.0/16', IPv6: '2001:db8:113::/64' };

export function virtualAddress(family: Family, number: number): string {
  return family === 'IPv4'
    ? `198.18.${Math.trunc(number / 256)}.${number % 256}`
    : `2001:db8:113::${number.toString(16)}`;
}

const gatewayOf = { ext1: 'node1', ext2: 'node2' } as const;

/** `ip` commands that lead an outside host's packets for Services to its node, as a router that was told so would. */
export function outsideRoutes(host: 'ext1' | 'ext2'): readonly string[] {
  const via = hostAddresses[gatewayOf[host]];
  return families.flatMap((family) =>
    [serviceCidrs, virtualCidrs].map((cidrs) => `route add ${cidrs[family]} via ${via[family]}`),
  );
}

export function topologyOf(prefix: string): Topology {
  const pods: Readonly<Record<NodeName, readonly HostName[]>> = { node1: ['p1a', 'p1b'], node2: ['p2a', 'p2b'] };
  const nodes = nodeNames.map((name) => hostSpec(name, podCidrs[name], pods[name]));
  const outside = outsideNames.map((name, index) => {
    // Of pods that it does not have.
    const cidrs = { IPv4: `10.245.${index}.0/24`, IPv6: `fd00:245:${index}::/64` };
    return hostSpec(name, cidrs, []);
  });
  return { prefix, nodes: [...nodes, ...outside], control: { ipv4: '192.168.50.100', ipv6: 'fd00:50::64' } };
}

function hostSpec(name: HostName, cidrs: Addresses, pods: readonly HostName[]): NodeSpec {
  const { IPv4: ipv4, IPv6: ipv6 } = hostAddresses[name];
  return {
    name,
    ipv4,
    ipv6,
    podCidrs: { ipv4: cidrs.IPv4, ipv6: cidrs.IPv6 },
    pods: pods.map((pod) => ({ name: pod, ipv4: hostAddresses[pod].IPv4, ipv6: hostAddresses[pod].IPv6 })),
  };
}
