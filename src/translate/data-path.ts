import { keyOf } from '../model/address.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { effectivePolicy } from '../model/settings.ts';

/** The path that new connections of a node's pods to a Service port take. */
export type DataPath = 'Kernel' | 'EnvoyTcp' | 'EnvoyHttp';

export interface DataPathDecision {
  readonly path: DataPath;
  /** Why Envoy, which the policy asks for, cannot be used. */
  readonly refusal?: string;
}

interface KernelReason {
  readonly reason: string;
  /** Whether the Service's owner may choose Envoy anyway. */
  readonly overridable: boolean;
}

const dnsPort = 53;

/** The table of docs/data-path.md. */
export function dataPathOf(service: Service, port: ServicePort): DataPathDecision {
  const choice = effectivePolicy(service, port).dataPath.value;
  if (choice === 'Kernel') return { path: 'Kernel' };
  const kernel = kernelReason(service, port);
  if (kernel === undefined || (choice === 'Envoy' && kernel.overridable)) {
    return { path: port.appProtocol === 'tcp' ? 'EnvoyTcp' : 'EnvoyHttp' };
  }
  return choice === 'Envoy' ? { path: 'Kernel', refusal: kernel.reason } : { path: 'Kernel' };
}

/** Why a port takes the kernel path by default. */
function kernelReason(service: Service, port: ServicePort): KernelReason | undefined {
  if (port.protocol !== 'TCP')
    return { reason: `the Envoy path carries TCP, not ${port.protocol}`, overridable: false };
  if (keyOf(service) === 'default/kubernetes') {
    return { reason: 'the control plane itself reaches the API server through this Service', overridable: false };
  }
  if (service.sessionAffinity.kind === 'ClientIP') {
    return { reason: 'Envoy keeps no time-outs per client for sessionAffinity: ClientIP', overridable: false };
  }
  if (port.port === dnsPort) return { reason: 'DNS stays in the kernel', overridable: true };
  return undefined;
}
