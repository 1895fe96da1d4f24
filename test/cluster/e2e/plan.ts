import type { ClusterOptions } from '../layout.ts';
import type { Outcome } from './report.ts';

/** Tests that need the same kind of cluster. */
export interface PlannedRun {
  readonly name: string;
  readonly cluster: Pick<ClusterOptions, 'families' | 'nodes' | 'loadBalancer'>;
  readonly focus: string;
  readonly skip: string;
  readonly parallel: number;
}

/** Tests of [sig-network] that are not run, by a regular expression on their names, and why. */
export const leftOut: readonly { readonly tests: string; readonly why: string }[] = [
  {
    tests: 'Netpol|NetworkPolicy',
    why: 'need a CNI that enforces NetworkPolicy; the plugins `ptp` and `bridge` do not',
  },
  { tests: 'Ingress API|IngressClass|ServiceCIDR and IPAddress API', why: 'only read and write API objects' },
  { tests: 'DNS configMap|PerformanceDNS', why: 'test settings and load of the DNS server' },
  { tests: 'Service endpoints latency', why: 'times the endpoints controllers, sends no packet' },
  { tests: 'Networking-(IPv4|IPv6|DNS)', why: 'need the Internet' },
  { tests: 'Networking-Performance', why: 'measures throughput and accepts any; `make bench` measures it' },
  {
    tests: 'SCTPConnectivity',
    why: 'need a kernel with SCTP sockets (CONFIG_IP_SCTP), and the machine that recorded this page has none',
  },
  { tests: 'KubeProxyDaemonSetMigration', why: 'replace the kube-proxy of clusters on GCE' },
];

/** What is known of tests that skip themselves or fail here whatever Fairlead does. */
export const explanations: readonly { readonly tests: string; readonly outcome: Outcome; readonly why: string }[] = [
  {
    tests: 'restarting kube-proxy',
    outcome: 'Failed',
    why: 'with nft 1.0.6 (Debian 12) the map of Services is empty after kube-proxy 1.36.3 has restarted, and stays so',
  },
  {
    tests: 'rolling update with externalTrafficPolicy=Local',
    outcome: 'Failed',
    why: 'recorded at a load of 70 on two cores, where Pods became ready too late; to be run again',
  },
  {
    tests: 'restarting apiserver',
    outcome: 'Skipped',
    why: 'deletes the Pod of the API server, which is a process of the machine here',
  },
  {
    tests: 'restarting kube-proxy',
    outcome: 'Skipped',
    why: 'deletes Pods labelled `k8s-app: kube-proxy` in `kube-system`',
  },
  {
    tests: 'recreate its iptables rules',
    outcome: 'Skipped',
    why: 'logs in to nodes by SSH, and looks for rules of the mode `iptables`',
  },
  { tests: 'KubeProxyNFAcct', outcome: 'Skipped', why: 'reads a counter of the mode `iptables`' },
  { tests: 'Provider:GCE', outcome: 'Skipped', why: 'asks for a server of Google in a cluster on GCE' },
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

/** Each replaces a DaemonSet's Pods node by node some times, a minute each. */
const rollingUpdates = 'during rolling update';

/** Alone in the cluster: they break something, or compare what the whole cluster has. */
const alone = ['\\[Disruptive\\]', '\\[Serial\\]'].join('|');

const others = leftOut.map(({ tests }) => tests).join('|');
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
    skip: `${others}|${alone}|${rollingUpdates}|Feature:IPv6DualStack`,
    parallel: 4,
  },
  {
    name: 'rolling-updates',
    cluster: { families: ['IPv4'], nodes: 2, loadBalancer: true },
    focus: `${network}.*${rollingUpdates}`,
    skip: '',
    parallel: 2,
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
  focus: `${network} (${[
    'Services should serve multiport endpoints from pods',
    'Services should be able to create a functioning NodePort service',
    'Services should have session affinity work for service with type clusterIP',
    'Services should be rejected when no endpoints exist',
    'Services should preserve source pod IP for traffic thru service cluster IP',
    'Services should allow pods to hairpin back to themselves through services',
    'EndpointSlice should support a Service with multiple ports specified in multiple EndpointSlices',
    'DNS should provide DNS for services',
  ].join('|')})`,
  skip: '',
  parallel: 4,
};
