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
  /** One more Service with internalTrafficPolicy: Local and an endpoint on each of so many nodes (`node-0`, ...). */
  readonly daemonSet?: { readonly nodes: number; readonly ports: number };
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

const daemonSetName = 'daemon-set';
/** As many endpoints as the EndpointSlice controller puts into one slice. */
const slicedBy = 100;

function daemonSetService(ports: number): ModelUpdate {
  const value: Service = {
    namespace,
    name: daemonSetName,
    createdAt: '2026-01-01T00:00:00Z',
    clusterIPs: ['10.111.0.1'],
    ports: Array.from({ length: ports }, (_, index) => ({
      name: `port-${index}`,
      protocol: 'TCP',
      port: port + index,
      appProtocol: 'tcp',
    })),
    internalTrafficPolicy: 'Local',
    sessionAffinity: { kind: 'None' },
    policy: {},
  };
  return { kind: 'Service', key: `${namespace}/${daemonSetName}`, value };
}

/** The slice with the endpoint of a node; that of `moved` has an address of this generation. */
export function daemonSetSlice(
  index: number,
  { nodes, ports }: NonNullable<ClusterSize['daemonSet']>,
  moved?: { readonly node: number; readonly generation: number },
): ModelUpdate {
  const name = `${daemonSetName}-${index}`;
  const first = index * slicedBy;
  const value: EndpointSlice = {
    namespace,
    name,
    serviceName: daemonSetName,
    family: 'IPv4',
    ports: Array.from({ length: ports }, (_, at) => ({ name: `port-${at}`, protocol: 'TCP', port: targetPort + at })),
    endpoints: Array.from({ length: Math.min(slicedBy, nodes - first) }, (_, at) => ({
      address:
        moved?.node === first + at
          ? `10.254.${(moved.generation >> 8) & 0xff}.${moved.generation & 0xff}`
          : addressIn(10, 192, first + at + 1),
      ready: true,
      serving: true,
      terminating: false,
      nodeName: `node-${first + at}`,
      hintZones: none,
      hintNodes: none,
    })),
  };
  return { kind: 'EndpointSlice', key: `${namespace}/${name}`, value };
}

/** The slice that changes when the endpoint of a node moves. */
export function daemonSetMove(
  node: number,
  daemonSet: NonNullable<ClusterSize['daemonSet']>,
  generation: number,
): ModelUpdate {
  return daemonSetSlice(Math.floor(node / slicedBy), daemonSet, { node, generation });
}

function* daemonSetUpdates(daemonSet: NonNullable<ClusterSize['daemonSet']>): Generator<ModelUpdate> {
  yield daemonSetService(daemonSet.ports);
  for (let index = 0; index * slicedBy < daemonSet.nodes; index += 1) yield daemonSetSlice(index, daemonSet);
}

/** All objects of the cluster. */
export function* allUpdates(size: ClusterSize): Generator<ModelUpdate> {
  for (const name of size.nodes)
    yield { kind: 'Node', key: name, value: { name, zone: '', addresses: [], podCidrs: [], isLeaving: false } };
  for (let index = 0; index < size.services; index += 1) {
    yield serviceUpdate(index, size);
    yield sliceUpdate(index, size);
  }
  if (size.daemonSet !== undefined) yield* daemonSetUpdates(size.daemonSet);
}

function addressIn(first: number, second: number, host: number): string {
  return `${first}.${second + (host >> 16)}.${(host >> 8) & 0xff}.${host & 0xff}`;
}
