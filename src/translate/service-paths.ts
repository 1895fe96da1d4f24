import { keyOf } from '../model/address.ts';
import type { Model } from '../model/model.ts';
import type { Protocol, Service } from '../model/service.ts';
import { type DataPath, type DataPathReason, dataPathDefaults, dataPathOf } from './data-path.ts';
import { frontendsOf } from './frontends.ts';
import type { TranslateSettings } from './settings.ts';

/** The path of a Service port, as `fairlead get services` prints it. */
export interface ServicePath {
  readonly namespace: string;
  readonly name: string;
  /** Cluster IPs that the Service holds. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly portName: string;
  readonly protocol: Protocol;
  readonly path: DataPath;
  readonly reason: DataPathReason;
  /** Nodes of whose pods it is the kernel's because of a NetworkPolicy. */
  readonly kernelNodes: readonly string[];
}

/** Of the ports of one Service, in its order. */
export function servicePathsOf(model: Model, service: Service, settings: TranslateSettings): readonly ServicePath[] {
  const { namespace, name } = service;
  const defaults = dataPathDefaults(model, service, settings);
  const addresses = [...new Set(frontendsOf(model, service, settings).map(({ address }) => address))];
  const kernelNodes = [...(model.policedNodesOf(keyOf(service)) ?? [])].sort();
  return service.ports.map((port) => {
    const { path, reason } = dataPathOf(service, port, defaults);
    const identity = { namespace, name, addresses, port: port.port, portName: port.name, protocol: port.protocol };
    return { ...identity, path, reason, kernelNodes: path === 'Kernel' ? [] : kernelNodes };
  });
}
