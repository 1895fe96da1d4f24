/**
 * Stands in for a cloud's load balancer: gives every Service of type LoadBalancer an address, and routes it from the machine to
 * the nodes; with `externalTrafficPolicy: Local` only to those whose health check answers 200. Argument: the cluster's options.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CoreV1Api, KubeConfig, PatchStrategy, setHeaderOptions, type V1Service } from '@kubernetes/client-node';
import { run } from '../testbed/run.ts';
import { type ClusterOptions, inUrl, layoutOf, type NodeLayout, type Subnets } from './layout.ts';

/** What the service controller of a cloud puts on a Service, and tests wait for. */
const finalizer = 'service.kubernetes.io/load-balancer-cleanup';

/** Between two looks at Services and health checks; clouds take longer. */
const periodMs = 500;

type Hops = readonly string[];

const layout = layoutOf(JSON.parse(process.argv[2] ?? '') as ClusterOptions);
const routes = new Map<string, Hops>();
const api = connect();

for (;;) {
  try {
    await balance();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  await pause(periodMs);
}

async function balance(): Promise<void> {
  const { items: services } = await api.listServiceForAllNamespaces();
  const used = new Set(services.flatMap(addressesOf));
  const wanted = new Map<string, Hops>();
  for (const service of services) {
    if (!isBalanced(service)) await release(service);
    else for (const [address, hops] of await serve(service, used)) wanted.set(address, hops);
  }
  await program(wanted);
}

function isBalanced({ metadata, spec }: V1Service): boolean {
  const isOurs = spec?.type === 'LoadBalancer' && spec.loadBalancerClass === undefined;
  return isOurs && metadata?.deletionTimestamp === undefined;
}

/** Gives the Service what it lacks; its addresses and the nodes behind each. */
async function serve(service: V1Service, used: Set<string | undefined>): Promise<readonly (readonly [string, Hops])[]> {
  const finalizers = service.metadata?.finalizers ?? [];
  if (!finalizers.includes(finalizer)) {
    await patch(service, { metadata: { finalizers: [...finalizers, finalizer] } });
  }
  const subnets = layout.subnets.filter(({ family }) => service.spec?.ipFamilies?.includes(family));
  let addresses = addressesOf(service);
  if (addresses.length === 0) {
    addresses = subnets.map((one) => freeAddress(one, used));
    await patch(service, { status: { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } } });
  }
  const nodes = await nodesBehind(service);
  return addresses.map((address) => [address, nodes.map((node) => addressLike(node, address))] as const);
}

async function release(service: V1Service): Promise<void> {
  const finalizers = service.metadata?.finalizers ?? [];
  if (!finalizers.includes(finalizer)) return;
  if (addressesOf(service).length > 0) await patch(service, { status: { loadBalancer: { ingress: null } } });
  await patch(service, { metadata: { finalizers: finalizers.filter((name) => name !== finalizer) } });
}

/** One node is enough for clients that stick to an endpoint: two would have two memories of them. */
async function nodesBehind({ spec }: V1Service): Promise<readonly NodeLayout[]> {
  const port = spec?.externalTrafficPolicy === 'Local' ? spec.healthCheckNodePort : undefined;
  const healthy = await Promise.all(
    layout.nodes.map(async (node) => port === undefined || (await isHealthy(node, port))),
  );
  const nodes = layout.nodes.filter((_, at) => healthy[at]);
  return spec?.sessionAffinity === 'ClientIP' ? nodes.slice(0, 1) : nodes;
}

async function isHealthy(node: NodeLayout, port: number): Promise<boolean> {
  const [address = ''] = node.addresses;
  try {
    return (await fetch(`http://${inUrl(address)}:${port}/healthz`, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
}

async function program(wanted: ReadonlyMap<string, Hops>): Promise<void> {
  for (const address of routes.keys()) {
    if (wanted.has(address)) continue;
    await run(['ip', versionOf(address), 'route', 'del', address]);
    routes.delete(address);
  }
  for (const [address, hops] of wanted) {
    if (routes.get(address)?.join() === hops.join()) continue;
    await run(['ip', versionOf(address), 'route', 'replace', ...routeTo(address, hops)]);
    routes.set(address, hops);
  }
}

function routeTo(address: string, hops: Hops): readonly string[] {
  if (hops.length === 0) return ['blackhole', address];
  const subnets = layout.subnets.find(({ family }) => family === familyOf(address));
  return [address, 'src', subnets?.loadBalancerClient ?? '', ...hops.flatMap((hop) => ['nexthop', 'via', hop])];
}

function freeAddress({ loadBalancerPrefix }: Subnets, used: Set<string | undefined>): string {
  for (let number = 1; number < 255; number += 1) {
    const address = `${loadBalancerPrefix}${loadBalancerPrefix.includes(':') ? number.toString(16) : number}`;
    if (used.has(address)) continue;
    used.add(address);
    return address;
  }
  throw new Error(`No address is left in ${loadBalancerPrefix}`);
}

function addressLike(node: NodeLayout, address: string): string {
  return node.addresses[layout.subnets.findIndex(({ family }) => family === familyOf(address))] ?? '';
}

function addressesOf({ status }: V1Service): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
}

function familyOf(address: string): 'IPv4' | 'IPv6' {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

function versionOf(address: string): string {
  return familyOf(address) === 'IPv6' ? '-6' : '-4';
}

async function patch({ metadata }: V1Service, body: object): Promise<void> {
  const target = { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '', body };
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  if ('status' in body) await api.patchNamespacedServiceStatus(target, merge);
  else await api.patchNamespacedService(target, merge);
}

function connect(): CoreV1Api {
  const config = new KubeConfig();
  config.loadFromFile(layout.adminKubeconfig);
  return config.makeApiClient(CoreV1Api);
}
