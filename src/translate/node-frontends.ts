import { familyOf } from '../model/address.ts';
import type { IpFamily, Service, ServicePort, TrafficPolicy } from '../model/service.ts';
import type { DataPath, DataPathReason } from './data-path.ts';
import type { Frontend, FrontendKind } from './frontends.ts';

/** An address, protocol and port at which a node's kernel takes connections to a Service. */
export interface NodeFrontend {
  readonly kind: FrontendKind;
  /** Undefined for a NodePort: the node's own. */
  readonly address: string | undefined;
  readonly family: IpFamily;
  readonly port: ServicePort;
  /** The number that clients use: the port's, or its node port. */
  readonly number: number;
  readonly path: DataPath;
  readonly reason: DataPathReason;
  /** Of the address's family; empty: all. */
  readonly sourceRanges: readonly string[];
}

/** Whose address the endpoint sees is then exactly what it is with kube-proxy. */
const kernelOnly = { path: 'Kernel', reason: 'AddressKind' } as const;

/** Those of the cluster IPs, then what the Service has for clients outside of the cluster, each address and port once. */
export function nodeFrontendsOf(service: Service, clusterFrontends: readonly Frontend[]): readonly NodeFrontend[] {
  const ofCluster = clusterFrontends.map(({ address, family, port, path, reason }): NodeFrontend => {
    return { kind: 'ClusterIP', address, family, port, number: port.port, path, reason, sourceRanges: [] };
  });
  if (service.external === undefined) return ofCluster;
  const all = [...ofCluster, ...loadBalancerFrontends(service), ...externalIpFrontends(service), ...nodePorts(service)];
  // An address of a load balancer that is an external address, too, has the load balancer's source ranges.
  return [...Map.groupBy(all, idOf).values()].flatMap(([first]) => first ?? []);
}

/** internalTrafficPolicy is about cluster IPs only, externalTrafficPolicy about everything else. */
export function policyOf(service: Service, kind: FrontendKind): TrafficPolicy {
  return kind === 'ClusterIP' ? service.internalTrafficPolicy : (service.external?.trafficPolicy ?? 'Cluster');
}

/** A Service is carried in the families of which it has a cluster IP, whatever other addresses it has. */
export function familiesOf(service: Service): readonly IpFamily[] {
  return service.clusterIPs.map(familyOf);
}

function idOf({ address, family, port, number }: NodeFrontend): string {
  return `${address ?? family} ${port.protocol} ${number}`;
}

function loadBalancerFrontends(service: Service): readonly NodeFrontend[] {
  const addresses = service.external?.loadBalancer.filter(({ ipMode }) => ipMode === 'VIP') ?? [];
  return addresses.flatMap(({ address }) => {
    const sourceRanges = rangesFor(familyOf(address), service.external?.sourceRanges ?? []);
    return atAddress(service, 'LoadBalancer', address, sourceRanges);
  });
}

/** A range of all addresses restricts nothing, and ranges of one family restrict that family only, as with kube-proxy. */
function rangesFor(family: IpFamily, ranges: readonly string[]): readonly string[] {
  const own = ranges.filter((range) => familyOf(range) === family);
  return own.some((range) => range.endsWith('/0')) ? [] : own;
}

function externalIpFrontends(service: Service): readonly NodeFrontend[] {
  return service.external?.externalIPs.flatMap((address) => atAddress(service, 'ExternalIP', address, [])) ?? [];
}

function atAddress(
  service: Service,
  kind: FrontendKind,
  address: string,
  sourceRanges: readonly string[],
): readonly NodeFrontend[] {
  const family = familyOf(address);
  if (!familiesOf(service).includes(family)) return [];
  return service.ports.map((port) => {
    return { kind, address, family, port, number: port.port, ...kernelOnly, sourceRanges };
  });
}

function nodePorts(service: Service): readonly NodeFrontend[] {
  return service.ports.flatMap((port) => {
    const { nodePort } = port;
    if (nodePort === undefined) return [];
    return familiesOf(service).map((family): NodeFrontend => {
      return { kind: 'NodePort', address: undefined, family, port, number: nodePort, ...kernelOnly, sourceRanges: [] };
    });
  });
}
