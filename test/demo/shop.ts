import type { NodeSpec, PodSpec, Topology } from '../testbed/network.ts';

/** What a pod of the shop serves; none of it: a client only. */
interface ShopPod extends PodSpec {
  readonly http?: number;
  readonly tcp?: number;
  readonly udp?: number;
}

type ShopNode = Omit<NodeSpec, 'pods'> & { readonly zone: string; readonly pods: readonly ShopPod[] };

/** The nodes and pods that examples/ speaks of, and one more pod of the catalog that comes later. */
export const nodes: readonly ShopNode[] = [
  shopNode(1, 'zone-a', [
    pod(1, 10, 'frontend-1', {}),
    pod(1, 11, 'catalog-1', { http: 8080 }),
    pod(1, 12, 'catalog-2', { http: 8080 }),
    pod(1, 21, 'checkout-1', { http: 8080 }),
    pod(1, 31, 'cart-db-1', { tcp: 6379 }),
    pod(1, 41, 'recs-1', { http: 8080 }),
    pod(1, 61, 'images-1', { http: 8080 }),
  ]),
  shopNode(2, 'zone-b', [
    pod(2, 10, 'frontend-2', {}),
    pod(2, 11, 'catalog-3', { http: 8080 }),
    pod(2, 12, 'catalog-4', { http: 8080 }),
    pod(2, 21, 'checkout-2', { http: 8080 }),
    pod(2, 31, 'cart-db-2', { tcp: 6379 }),
    pod(2, 41, 'recs-2', { http: 8080 }),
    pod(2, 51, 'metrics-1', { udp: 8125 }),
    pod(2, 61, 'images-2', { http: 8080 }),
  ]),
];

function shopNode(index: number, zone: string, pods: readonly ShopPod[]): ShopNode {
  return {
    name: `node${index}`,
    zone,
    ipv4: `192.168.50.${index}`,
    ipv6: `fd00:50::${index}`,
    podCidrs: { ipv4: `10.244.${index}.0/24`, ipv6: `fd00:244:${index}::/64` },
    pods,
  };
}

function pod(node: number, host: number, name: string, ports: Omit<ShopPod, keyof PodSpec>): ShopPod {
  return { name, ipv4: `10.244.${node}.${host}`, ipv6: `fd00:244:${node}::${host}`, ...ports };
}

export const control = { ipv4: '192.168.50.100', ipv6: 'fd00:50::64' };

export function topologyOf(prefix: string): Topology {
  return { prefix, nodes, control };
}

/** The shop's clients, one on each node. */
export const frontends = [
  { pod: 'frontend-1', node: 'node1', zone: 'zone-a', ipv4: '10.244.1.10', ipv6: 'fd00:244:1::10' },
  { pod: 'frontend-2', node: 'node2', zone: 'zone-b', ipv4: '10.244.2.10', ipv6: 'fd00:244:2::10' },
] as const;

export type Frontend = (typeof frontends)[number];

/** Addresses of the Services, as in examples/. */
export const services = {
  catalog: '10.96.10.10:80',
  checkout: '10.96.10.20:80',
  cartDb: '10.96.10.30:6379',
  recommendations: '10.96.10.40:50051',
  metrics: '10.96.10.50:8125',
  images: '10.96.10.60:80',
  images6: '[fd00:96::60]:80',
  giftCards: '10.96.10.70:80',
} as const;
