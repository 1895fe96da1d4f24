import type { ExternalAccess, LoadBalancerAddress, ServicePort } from '../model/service.ts';
import type { FieldReader } from './field-reader.ts';
import { canonicalAddress, canonicalCidr, unusableBecause } from './ip-address.ts';
import { quote } from './problem-list.ts';

const types = ['ClusterIP', 'NodePort', 'LoadBalancer'] as const;
const policies = ['Cluster', 'Local'] as const;
const ipModes = ['VIP', 'Proxy'] as const;
const leftOut = 'it is left out';

/**
 * What a Service has for clients outside of the cluster; undefined for a Service that has nothing of the kind. Addresses
 * and node ports count whatever the type says, as for kube-proxy; the traffic policy only where Kubernetes honours it
 * (pkg/api/v1/service/util.go, ExternalPolicyLocal).
 */
export function readExternalAccess(
  object: FieldReader,
  spec: FieldReader,
  ports: readonly ServicePort[],
): ExternalAccess | undefined {
  const type = spec.choice('type', types, 'it is treated as ClusterIP') ?? 'ClusterIP';
  const externalIPs = readExternalIPs(spec);
  const loadBalancer = readLoadBalancer(object);
  const hasNodePort = ports.some(({ nodePort }) => nodePort !== undefined);
  const isReachable = externalIPs.length > 0 || loadBalancer.length > 0 || hasNodePort;
  if (type === 'ClusterIP' && !isReachable) return undefined;
  const asked = spec.choice('externalTrafficPolicy', policies, 'it is treated as Cluster') ?? 'Cluster';
  const trafficPolicy = type === 'ClusterIP' && externalIPs.length === 0 ? 'Cluster' : asked;
  const healthCheckNodePort = readHealthCheckPort(spec, type, trafficPolicy);
  return {
    type,
    externalIPs,
    loadBalancer,
    trafficPolicy,
    sourceRanges: readSourceRanges(spec),
    ...(healthCheckNodePort === undefined ? {} : { healthCheckNodePort }),
    allocatesNodePorts: spec.boolean('allocateLoadBalancerNodePorts', 'it is treated as true') ?? true,
  };
}

function readExternalIPs(spec: FieldReader): readonly string[] {
  const addresses = spec.strings('externalIPs', 'they are treated as absent').flatMap((text, index) => {
    return readAddress(spec, `externalIPs[${index}]`, text) ?? [];
  });
  return [...new Set(addresses)];
}

function readLoadBalancer(object: FieldReader): readonly LoadBalancerAddress[] {
  const instead = 'the Service is treated as having no load balancer';
  const ingress = object.object('status', instead)?.object('loadBalancer', instead)?.objects('ingress', instead) ?? [];
  const addresses = ingress.flatMap((reader) => readIngress(reader) ?? []);
  return addresses.filter(({ address }, index) => addresses.findIndex((other) => other.address === address) === index);
}

/** Entries with a host name only are not for nodes to balance. */
function readIngress(reader: FieldReader): LoadBalancerAddress | undefined {
  const text = reader.string('ip', leftOut);
  if (text === undefined || text === '') return undefined;
  const address = readAddress(reader, 'ip', text);
  if (address === undefined) return undefined;
  // With a value that is not understood, the load balancer may have to see the traffic.
  const isAbsent = reader.raw('ipMode') === undefined;
  const ipMode = isAbsent ? 'VIP' : (reader.choice('ipMode', ipModes, 'it is treated as Proxy') ?? 'Proxy');
  return { address, ipMode };
}

function readAddress(reader: FieldReader, path: string, text: string): string | undefined {
  const address = canonicalAddress(text.trim());
  if (address === undefined) return reader.report(path, `is ${quote(text)}, not an IP address; ${leftOut}`);
  const unusable = unusableBecause(address);
  return unusable === undefined ? address : reader.report(path, `${quote(text)} ${unusable}; ${leftOut}`);
}

/** Addresses that no client has. */
const nobody = ['0.0.0.0/32', '::/128'];

/**
 * A range that cannot be read lets nobody in: without it, a Service that is restricted by it alone would be open to all. The
 * API server admits none but those with leading zeros.
 */
function readSourceRanges(spec: FieldReader): readonly string[] {
  const key = 'loadBalancerSourceRanges';
  const list = spec.raw(key);
  const instead = 'nobody is let in for it';
  const texts = spec.strings(key, instead);
  const isUnreadable = list !== undefined && (!Array.isArray(list) || texts.length < list.length);
  const ranges = texts.flatMap((text, index) => {
    const cidr = canonicalCidr(text.trim());
    if (cidr === undefined) spec.report(`${key}[${index}]`, `is ${quote(text)}, not a CIDR; ${instead}`);
    return cidr ?? nobody;
  });
  return [...new Set(isUnreadable ? [...ranges, ...nobody] : ranges)];
}

/** Only load balancers ask it, and only to tell nodes with endpoints from others (Service contract §1.8). */
function readHealthCheckPort(
  spec: FieldReader,
  type: ExternalAccess['type'],
  policy: ExternalAccess['trafficPolicy'],
): number | undefined {
  const port = spec.integer('healthCheckNodePort', 0, 65_535, 'the Service has no health-check port');
  return port === 0 || type !== 'LoadBalancer' || policy !== 'Local' ? undefined : port;
}
