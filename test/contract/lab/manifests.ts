import { echoPorts } from '../host/ports.ts';
import type { EndpointSpec, ServiceSpec, SlicePort, SliceSpec } from '../scenario.ts';
import { type Family, hostAddresses, nodeOf } from './plan.ts';

/** TCP and UDP on one number, and HTTP, as a proxy that understands it would be told. */
export const servicePorts = [
  { name: 'tcp', protocol: 'TCP', port: 80, targetPort: echoPorts.tcp },
  { name: 'udp', protocol: 'UDP', port: 80, targetPort: echoPorts.tcp },
  { name: 'http', protocol: 'TCP', port: 8000, targetPort: echoPorts.http, appProtocol: 'http' },
] as const;

export const slicePorts: readonly SlicePort[] = servicePorts.map(({ name, protocol, targetPort }) => ({
  name,
  protocol,
  port: targetPort,
}));

export function serviceManifest(
  name: string,
  { labels, spec, externalIps }: ServiceSpec,
  ips: readonly string[],
): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, ...(labels === undefined ? {} : { labels }) },
    spec: {
      ipFamilyPolicy: 'RequireDualStack',
      ipFamilies: ['IPv4', 'IPv6'],
      ports: servicePorts,
      ...(externalIps === undefined ? {} : { externalIPs: ips }),
      ...spec,
    },
  };
}

interface NamedSlice {
  readonly service: string;
  readonly name: string;
  readonly family: Family;
  readonly slice: SliceSpec;
}

export function endpointSlice({ service, name, family, slice }: NamedSlice) {
  const { endpoints, ports = slicePorts, labels, isLabelled = true } = slice;
  const service_ = isLabelled ? { 'kubernetes.io/service-name': service } : {};
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${family.toLowerCase()}`,
      labels: { ...service_, ...labels },
      annotations: triggerNow(),
    },
    addressType: family,
    ports,
    endpoints: endpoints.map((endpoint) => endpointOf(endpoint, family)),
  };
}

/** As the EndpointSlice controller tells when the change began that led to a slice. */
function triggerNow(): Readonly<Record<string, string>> {
  return { 'endpoints.kubernetes.io/last-change-trigger-time': new Date().toISOString() };
}

function endpointOf({ host, conditions, nodeName, hints, moreAddresses = [] }: EndpointSpec, family: Family): object {
  const node = nodeName ?? nodeOf[host];
  const names = (list: readonly string[]) => list.map((name) => ({ name }));
  const { forZones = [], forNodes = [] } = hints ?? {};
  return {
    addresses: [host, ...moreAddresses].map((name) => hostAddresses[name][family]),
    ...(conditions === undefined ? {} : { conditions }),
    ...(node === undefined || node === 'None' ? {} : { nodeName: node }),
    ...(hints === undefined ? {} : { hints: { forZones: names(forZones), forNodes: names(forNodes) } }),
  };
}
