import type { ClusterOptions } from '../layout.ts';

/** Tests that need the same kind of cluster. */
export interface PlannedRun {
  readonly name: string;
  readonly cluster: Pick<ClusterOptions, 'families' | 'nodes' | 'loadBalancer'>;
  readonly focus: string;
  readonly skip: string;
  readonly parallel: number;
}

/** Groups of [sig-network] that are no business of a Service proxy. */
const otherGroups = [
  'Netpol',
  'NetworkPolicy',
  'Ingress API',
  'IngressClass',
  'Feature:Ingress',
  'ServiceCIDR and IPAddress API',
  'ClusterDns',
  'PerformanceDNS',
  'Networking-Performance',
  'Networking-DNS',
  'Networking-IPv4',
  'Networking-IPv6',
  'Internet connection',
  'Service endpoints latency',
];

/** Tests that want zones or many nodes, and those of load balancers. */
const manyNodes = [
  'LoadBalancers',
  'ESIPP',
  'Traffic Distribution',
  'Topology Hints',
  'update nodePort',
  'HealthCheckNodePort',
].join('|');

/** Alone in the cluster: they break something, or compare what the whole cluster has. */
const alone = ['\\[Disruptive\\]', '\\[Serial\\]', 'Feature:SCTPConnectivity'].join('|');

const others = otherGroups.join('|');
const network = '\\[sig-network\\]';

/** The whole list, by the cluster that it takes. */
export const plan: readonly PlannedRun[] = [
  {
    name: 'main',
    cluster: { families: ['IPv4'], nodes: 2, loadBalancer: false },
    focus: network,
    skip: `${others}|${manyNodes}|${alone}|Feature:IPv6DualStack`,
    parallel: 4,
  },
  {
    name: 'alone',
    cluster: { families: ['IPv4'], nodes: 2, loadBalancer: false },
    focus: `${network}.*(${alone})`,
    skip: `${others}|${manyNodes}|Feature:IPv6DualStack`,
    parallel: 1,
  },
  {
    name: 'many-nodes',
    cluster: { families: ['IPv4'], nodes: 6, loadBalancer: true },
    focus: `${network}.*(${manyNodes})`,
    skip: `${others}|${alone}|Feature:IPv6DualStack`,
    parallel: 4,
  },
  {
    name: 'dual-stack',
    cluster: { families: ['IPv4', 'IPv6'], nodes: 2, loadBalancer: false },
    focus: `${network}.*Feature:IPv6DualStack`,
    skip: `${others}|${alone}`,
    parallel: 4,
  },
];

/** A few tests that, together, touch every part of a proxy: addresses, affinity, policies, UDP, no endpoints, changes. */
export const shortSelection: PlannedRun = {
  name: 'short',
  cluster: { families: ['IPv4'], nodes: 2, loadBalancer: false },
  focus: [
    'Services should serve multiport endpoints from pods',
    'Services should be able to create a functioning NodePort service',
    'Services should have session affinity work for service with type clusterIP',
    'Services should be rejected when no endpoints exist',
    'Services should preserve source pod IP for traffic thru service cluster IP',
    'Services should allow pods to hairpin back to themselves through services',
    'EndpointSlice should support a Service with multiple ports specified in multiple EndpointSlices',
    'DNS should provide DNS for services',
  ].join('|'),
  skip: '',
  parallel: 4,
};
