import { formatHostPort } from '../base/host-port.ts';
import { familyOf, keyOf } from '../model/address.ts';
import type { ModelReader } from '../model/model.ts';
import type { Problem } from '../model/problem.ts';
import { type IpFamily, refOfService, type Service, type ServicePort } from '../model/service.ts';
import { type DataPath, dataPathOf } from './data-path.ts';

/** One address and port of a Service, as a client sees it. */
export interface Frontend {
  readonly service: Service;
  readonly port: ServicePort;
  readonly address: string;
  readonly family: IpFamily;
  /** Name of every Envoy resource of it: `10.96.0.10:80`, `[fd00::a]:80`. */
  readonly name: string;
  readonly path: DataPath;
  /** The listener of Envoy that can carry it; undefined: neither. */
  readonly listener: 'tcp' | 'http' | undefined;
}

/** The addresses that the Service holds, each with each of its ports, in the Service's order. */
export function frontendsOf(reader: ModelReader, service: Service): readonly Frontend[] {
  const key = keyOf(service);
  const addresses = service.clusterIPs.filter((address) => reader.ownerOf(address) === key);
  return addresses.flatMap((address) => service.ports.map((port) => frontendOf(service, port, address)));
}

function frontendOf(service: Service, port: ServicePort, address: string): Frontend {
  const { path } = dataPathOf(service, port);
  const name = formatHostPort({ host: address, port: port.port });
  return { service, port, address, family: familyOf(address), name, path, listener: listenerOf(port, path) };
}

/**
 * HTTP stays with Envoy on the kernel path, too: a Service that is put there while clients hold connections through Envoy
 * would have every further request on them answered 404. Connections of TCP need nothing once they are made.
 */
function listenerOf(port: ServicePort, path: DataPath): Frontend['listener'] {
  if (port.protocol === 'TCP' && port.appProtocol !== 'tcp') return 'http';
  return path === 'EnvoyTcp' ? 'tcp' : undefined;
}

/** `namespace/name/port`, the port by its name, else its number: what statistics and logs call it. */
export function statNameOf({ service, port }: Pick<Frontend, 'service' | 'port'>): string {
  return `${keyOf(service)}/${port.name === '' ? port.port : port.name}`;
}

/** `namespace/name:port`: what gRPC clients ask for and spans are called. */
export function targetNameOf({ service, port }: Pick<Frontend, 'service' | 'port'>): string {
  return `${keyOf(service)}:${port.port}`;
}

/** Cluster IPs that another Service holds. */
export function frontendProblems(reader: ModelReader, service: Service): readonly Problem[] {
  const key = keyOf(service);
  return service.clusterIPs.flatMap((address, index) => {
    const owner = reader.ownerOf(address);
    if (owner === key) return [];
    const message = `${address} belongs to the older Service ${owner}; ${key} is not reached by it`;
    const field = `spec.clusterIPs[${index}]`;
    return { object: refOfService(service), field, code: 'ConflictingClusterIP', message };
  });
}
