import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterSize, clusterIP, serviceName, sliceUpdate } from './synthetic.ts';

const perFile = 500;

/** The same cluster as objects of Kubernetes, in files as `kubectl get -o json` prints them. */
export function writeManifests(directory: string, size: ClusterSize): void {
  mkdirSync(directory, { recursive: true });
  for (let first = 0; first < size.services; first += perFile) {
    const count = Math.min(perFile, size.services - first);
    const items = Array.from({ length: count }, (_, offset) => [
      service(first + offset, size),
      slice(first + offset, size),
    ]);
    const list = { apiVersion: 'v1', kind: 'List', items: items.flat() };
    writeFileSync(join(directory, `services-${first}.json`), JSON.stringify(list, null, 1));
  }
}

function service(index: number, { appProtocol }: ClusterSize): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name: serviceName(index) },
    spec: {
      clusterIP: clusterIP(index),
      clusterIPs: [clusterIP(index)],
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP', appProtocol }],
    },
  };
}

function slice(index: number, size: ClusterSize): object {
  const update = sliceUpdate(index, size);
  if (update.kind !== 'EndpointSlice' || update.value === undefined) throw new Error('Not an EndpointSlice');
  const { name, ports, endpoints } = update.value;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'default', name, labels: { 'kubernetes.io/service-name': serviceName(index) } },
    addressType: 'IPv4',
    ports: ports.map(({ port, protocol }) => ({ name: '', port, protocol })),
    endpoints: endpoints.map(({ address, nodeName }) => ({
      addresses: [address],
      conditions: { ready: true },
      nodeName,
    })),
  };
}
