import type { EndpointSlice } from '../../src/model/endpoint.ts';
import type { ModelUpdate } from '../../src/model/model.ts';
import type { AppProtocol, Service } from '../../src/model/service.ts';

export interface ClusterSize {
  readonly services: number;
  readonly endpointsPerService: number;
  /** Of every Service's only port, 80. */
  readonly appProtocol: AppProtocol;
  /** Where the endpoints run, in turn. */
  readonly nodes: readonly string[];
}

const namespace = 'default';
/** Shared, as the converters of the real sources do. */
const none: readonly string[] = [];
const port = 80;
const targetPort = 8080;

export function serviceName(index: number): string {
  return `service-${index}`;
}

export function serviceKey(index: number): string {
  return `${namespace}/${serviceName(index)}`;
}

/** From 10.96.0.0/12, the range of most clusters. */
export function clusterIP(index: number): string {
  return addressIn(10, 96, index + 1);
}

/** The name of all of a Service's resources. */
export function resourceName(index: number): string {
  return `${clusterIP(index)}:${port}`;
}

export function serviceUpdate(index: number, size: ClusterSize): ModelUpdate {
  const value: Service = {
    namespace,
    name: serviceName(index),
    createdAt: '2026-01-01T00:00:00Z',
    clusterIPs: [clusterIP(index)],
    ports: [{ name: '', protocol: 'TCP', port, appProtocol: size.appProtocol }],
    internalTrafficPolicy: 'Cluster',
    sessionAffinity: { kind: 'None' },
    policy: {},
  };
  return { kind: 'Service', key: serviceKey(index), value };
}

/** `generation` above 0: the first endpoint has moved to an address that only this generation has. */
export function sliceUpdate(index: number, size: ClusterSize, generation = 0): ModelUpdate {
  const name = `${serviceName(index)}-a`;
  const { endpointsPerService, nodes } = size;
  const value: EndpointSlice = {
    namespace,
    name,
    serviceName: serviceName(index),
    family: 'IPv4',
    ports: [{ name: '', protocol: 'TCP', port: targetPort }],
    endpoints: Array.from({ length: endpointsPerService }, (_, position) => ({
      address:
        generation > 0 && position === 0
          ? `10.255.${(generation >> 8) & 0xff}.${generation & 0xff}`
          : addressIn(10, 128, index * endpointsPerService + position + 1),
      ready: true,
      serving: true,
      terminating: false,
      nodeName: nodes[position % nodes.length] ?? 'node',
      hintZones: none,
      hintNodes: none,
    })),
  };
  return { kind: 'EndpointSlice', key: `${namespace}/${name}`, value };
}

/** All objects of the cluster. */
export function* allUpdates(size: ClusterSize): Generator<ModelUpdate> {
  for (const name of size.nodes) yield { kind: 'Node', key: name, value: { name, zone: '' } };
  for (let index = 0; index < size.services; index += 1) {
    yield serviceUpdate(index, size);
    yield sliceUpdate(index, size);
  }
}

function addressIn(first: number, second: number, host: number): string {
  return `${first}.${second + (host >> 16)}.${(host >> 8) & 0xff}.${host & 0xff}`;
}
