import { echoPorts } from './host/ports.ts';
import type { Place, Protocol } from './host/protocol.ts';
import type { LiveService } from './lab/cluster.ts';
import { type Family, hostAddresses, linkAddress } from './lab/plan.ts';
import type { FetchTarget, Target } from './scenario.ts';

type Services = ReadonlyMap<string, LiveService>;

/** No Service is given these: the API server takes the lower part of the range for addresses that were asked for. */
const unallocated: Readonly<Record<Family, string>> = { IPv4: '10.96.0.250', IPv6: 'fd00:96::fa' };

/** Where a client finds a Service, if it has such an address. */
export function placeOf(to: Target, family: Family, protocol: Protocol, services: Services): Place | undefined {
  if (to.kind === 'Unallocated') return { protocol, address: unallocated[family], port: 80 };
  if (to.kind === 'Host') return { protocol, address: hostAddresses[to.host][family], port: portOfHost(protocol) };
  const service = services.get(to.service);
  const port = service?.ports.find(({ name }) => name === protocol);
  if (service === undefined) return undefined;
  switch (to.kind) {
    case 'ClusterIP':
      return place(protocol, service.clusterIps[family], to.port ?? port?.port);
    case 'NodePort':
      return place(protocol, hostAddresses[to.node][family], port?.nodePort);
    case 'LinkNodePort':
      return place(protocol, family === 'IPv4' ? linkAddress : undefined, port?.nodePort);
    case 'Localhost':
      return place(protocol, family === 'IPv4' ? '127.0.0.1' : '::1', port?.nodePort);
    case 'LoadBalancer':
      return place(protocol, service.loadBalancerIps[family], port?.port);
    case 'ExternalIP':
      return place(protocol, service.externalIps[family], port?.port);
  }
}

function portOfHost(protocol: Protocol): number {
  return protocol === 'http' ? echoPorts.http : echoPorts.tcp;
}

function place(protocol: Protocol, address: string | undefined, port: number | undefined): Place | undefined {
  return address === undefined || port === undefined ? undefined : { protocol, address, port };
}

export function urlOf(at: FetchTarget, family: Family, path: string, services: Services): string | undefined {
  switch (at.kind) {
    case 'HealthCheckNodePort':
      return url(hostAddresses[at.node][family], services.get(at.service)?.healthCheckNodePort, path);
    case 'NodeAddress':
      return url(hostAddresses[at.node][family], at.port, path);
    case 'Loopback':
      return url('127.0.0.1', at.port, path);
  }
}

function url(address: string, port: number | undefined, path: string): string | undefined {
  if (port === undefined) return undefined;
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}${path}`;
}
