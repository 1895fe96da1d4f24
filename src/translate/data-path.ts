import { keyOf } from '../model/address.ts';
import type { ModelReader } from '../model/model.ts';
import type { DataPathChoice, DataPathChoices } from '../model/policy.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { effectivePolicy } from '../model/settings.ts';
import type { TranslateSettings } from './settings.ts';

/** The path that new connections of a node's pods to a Service port take. */
export type DataPath = 'Kernel' | 'EnvoyTcp' | 'EnvoyHttp';

export type DataPathReason =
  | 'ServiceSetting'
  | 'NamespaceSetting'
  | 'ClusterSetting'
  | 'Protocol'
  | 'Dns'
  | 'SessionAffinity'
  | 'ApiServer'
  | 'AddressKind'
  | 'NetworkPolicy';

export interface DataPathDecision {
  readonly path: DataPath;
  readonly reason: DataPathReason;
  /** Why Envoy, which the policy asks for, cannot be used. */
  readonly refusal?: string;
}

/** What holds for Services that say nothing themselves. */
export interface DataPathDefaults {
  readonly namespace: DataPathChoices;
  readonly cluster: Required<DataPathChoices>;
}

interface KernelReason {
  readonly reason: DataPathReason;
  readonly text: string;
  /** Whether the Service's owner may choose Envoy anyway. */
  readonly overridable: boolean;
}

const dnsPort = 53;
const nothing: DataPathChoices = {};

export function dataPathDefaults(
  reader: ModelReader,
  { namespace }: Service,
  { dataPath }: TranslateSettings,
): DataPathDefaults {
  return { namespace: reader.get('Namespace', namespace)?.policy.dataPath?.value ?? nothing, cluster: dataPath };
}

/** The table of docs/data-path.md. NetworkPolicies, which count by node, come on top (service-view.ts). */
export function dataPathOf(service: Service, port: ServicePort, defaults: DataPathDefaults): DataPathDecision {
  const asked = choiceFor(port, effectivePolicy(service, port).dataPath.value ?? nothing);
  const kernel = kernelReason(service, port);
  if (kernel !== undefined && !(kernel.overridable && asked !== undefined)) {
    const refusal = asked === 'Envoy' ? { refusal: kernel.text } : {};
    return { path: 'Kernel', reason: kernel.reason, ...refusal };
  }
  if (asked !== undefined) return decision(port, asked, 'ServiceSetting');
  const ofNamespace = choiceFor(port, defaults.namespace);
  if (ofNamespace !== undefined) return decision(port, ofNamespace, 'NamespaceSetting');
  return decision(port, choiceFor(port, defaults.cluster) ?? 'Kernel', 'ClusterSetting');
}

function decision({ appProtocol }: ServicePort, choice: DataPathChoice, reason: DataPathReason): DataPathDecision {
  if (choice === 'Kernel') return { path: 'Kernel', reason };
  return { path: appProtocol === 'tcp' ? 'EnvoyTcp' : 'EnvoyHttp', reason };
}

/** Of UDP and SCTP ports it is one that does not look at what they speak. */
function choiceFor({ protocol, appProtocol }: ServicePort, { http, tcp }: DataPathChoices): DataPathChoice | undefined {
  if (protocol !== 'TCP') return http === tcp ? tcp : undefined;
  return appProtocol === 'tcp' ? tcp : http;
}

/** Why a port takes the kernel path by default. */
function kernelReason(service: Service, port: ServicePort): KernelReason | undefined {
  if (port.protocol !== 'TCP')
    return { ...never('Protocol'), text: `the Envoy path carries TCP, not ${port.protocol}` };
  if (keyOf(service) === 'default/kubernetes') {
    return { ...never('ApiServer'), text: 'the control plane itself reaches the API server through this Service' };
  }
  if (service.sessionAffinity.kind === 'ClientIP') {
    const text = 'Envoy keeps no time-outs per client for sessionAffinity: ClientIP';
    return { ...never('SessionAffinity'), text };
  }
  if (port.port === dnsPort) return { reason: 'Dns', text: 'DNS stays in the kernel', overridable: true };
  return undefined;
}

function never(reason: DataPathReason): Omit<KernelReason, 'text'> {
  return { reason, overridable: false };
}
