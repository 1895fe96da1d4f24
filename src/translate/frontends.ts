import { formatHostPort } from '../base/host-port.ts';
import { familyOf, keyOf } from '../model/address.ts';
import type { ModelReader } from '../model/model.ts';
import type { Problem } from '../model/problem.ts';
import { type IpFamily, refOfService, type Service, type ServicePort } from '../model/service.ts';
import type { Backend } from './backend.ts';
import {
  type DataPath,
  type DataPathDefaults,
  type DataPathReason,
  dataPathDefaults,
  dataPathOf,
} from './data-path.ts';
import type { TranslateSettings } from './settings.ts';

export type FrontendKind = 'ClusterIP' | 'LoadBalancer' | 'ExternalIP' | 'NodePort';

/** An address and port by which clients reach a Service, and that Envoy may carry. Those of the kernel alone: node-frontends.ts. */
export interface Frontend {
  readonly kind: FrontendKind;
  readonly address: string;
  readonly family: IpFamily;
  readonly port: ServicePort;
  /** `10.96.0.10:80`, `[fd00::a]:80`: of its scope and its RouteConfiguration, and what the `tcp` listener asks for. */
  readonly name: string;
  readonly path: DataPath;
  readonly reason: DataPathReason;
  /** The listener of Envoy that can carry it; undefined: neither. */
  readonly listener: 'tcp' | 'http' | undefined;
  /** Where its traffic goes, unless routes say otherwise. */
  readonly backend: Backend;
}

/** The addresses that the Service holds, each with each of its ports, in the Service's order. */
export function frontendsOf(reader: ModelReader, service: Service, settings: TranslateSettings): readonly Frontend[] {
  const key = keyOf(service);
  const addresses = service.clusterIPs.filter((address) => reader.ownerOf(address) === key);
  const defaults = dataPathDefaults(reader, service, settings);
  return addresses.flatMap((address) => service.ports.map((port) => frontendOf(service, port, address, defaults)));
}

function frontendOf(service: Service, port: ServicePort, address: string, defaults: DataPathDefaults): Frontend {
  const { path, reason } = dataPathOf(service, port, defaults);
  const name = formatHostPort({ host: address, port: port.port });
  const family = familyOf(address);
  const backend = { service, port, family, name };
  return { kind: 'ClusterIP', address, family, port, name, path, reason, listener: listenerOf(port, path), backend };
}

/** The backends of frontends that Envoy can carry, each once. */
export function backendsOf(frontends: readonly Frontend[]): readonly Backend[] {
  const backends = frontends.flatMap(({ listener, backend }) => (listener === undefined ? [] : backend));
  return [...new Set(backends)];
}

/**
 * HTTP stays with Envoy on the kernel path, too: a Service that is put there while clients hold connections through Envoy
 * would have every further request on them answered 404. Connections of TCP need nothing once they are made.
 */
function listenerOf(port: ServicePort, path: DataPath): Frontend['listener'] {
  if (port.protocol === 'TCP' && port.appProtocol !== 'tcp') return 'http';
  return path === 'EnvoyTcp' ? 'tcp' : undefined;
}

/** Cluster IPs that another Service holds. */
export function frontendProblems(reader: ModelReader, service: Service): readonly Problem[] {
  const key = keyOf(service);
  return service.clusterIPs.flatMap((address, index) => {
    const owner = reader.ownerOf(address);
    if (owner === key) return [];
    const message = `${address} belongs to the older Service ${owner}; ${key} cannot be reached at it`;
    const field = `spec.clusterIPs[${index}]`;
    return { object: refOfService(service), field, code: 'ConflictingClusterIP', message };
  });
}
