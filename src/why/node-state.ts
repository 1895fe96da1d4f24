import { FamilyTable } from '../agent/kernel/family-table.ts';
import { closedGate } from '../agent/kernel/gate.ts';
import type { Families } from '../agent/kernel/node-facts.ts';
import { NodeFacts } from '../agent/kernel/node-facts.ts';
import { podDetectorOf } from '../agent/node/pod-detector.ts';
import { decodeServiceView } from '../agent/xds/read-service-view.ts';
import type { Frontend } from '../agent/xds/service-view.ts';
import { formatHostPort } from '../base/host-port.ts';
import { defaultMarks } from '../base/marks.ts';
import { familyOf } from '../model/address.ts';
import type { Model } from '../model/model.ts';
import type { IpFamily } from '../model/service.ts';
import type { TableContent } from '../nftables/interpreter/content.ts';
import { contentsOf } from '../nftables/interpreter/table-contents.ts';
import type { Frontend as FrontendMessage } from '../protos/generated/types/fairlead/node/v1/Frontend.ts';
import type { ServiceView } from '../protos/generated/types/fairlead/node/v1/ServiceView.ts';
import { encodeMessage } from '../protos/registry.ts';
import type { TranslateSettings } from '../translate/settings.ts';
import { type Translation, translate } from '../translate/translate.ts';

/** A frontend of a Service as the node's agent gets it. */
export interface KnownFrontend extends Frontend {
  /** `namespace/name`. */
  readonly service: string;
  readonly reason: NonNullable<FrontendMessage['dataPathReason']>;
}

/** What a node's agent would program. */
export interface NodeState {
  readonly name: string;
  readonly zone: string;
  /** All of its own. */
  readonly addresses: readonly string[];
  /** At most one of each family. */
  readonly primary: readonly string[];
  readonly kernelPathPods: ReadonlySet<string>;
  readonly frontends: readonly KnownFrontend[];
  readonly tables: readonly TableContent[];
  readonly translation: Translation;
}

export interface NodeStateOptions {
  readonly settings: TranslateSettings;
  /** Addresses of the node's pods, if not those of its Node object. */
  readonly podCidrs?: readonly string[];
  /** Whether the agent has taken Envoy out of the path. */
  readonly isEnvoyAway: boolean;
}

/** The tables of a node with an Envoy that is up to date, by the code of the controller and of the agent. */
export function nodeStateOf(model: Model, name: string, options: NodeStateOptions): NodeState {
  const node = model.nodes.get(name);
  const zone = node?.zone ?? '';
  const translation = translate(model, { nodeName: name, zone }, options.settings);
  const frontends = translation.serviceViews.flatMap((view) => frontendsOf(view.name, view.message as ServiceView));
  const primary = primaryAddresses(node?.addresses.map(({ address }) => address) ?? []);
  const kernelPathPods = model.kernelPathPodsOf(name);
  const families = emptyTables(podRanges(model, name, options), options.settings);
  const facts = new NodeFacts(families);
  facts.setNodeAddresses({ primary, nodePorts: primary });
  facts.setServiceCidrs(model.serviceCidrs());
  facts.setKernelPathPods(kernelPathPods);
  program(families, frontends, options.isEnvoyAway);
  return {
    name,
    zone,
    addresses: node?.addresses.map(({ address }) => address) ?? [],
    primary,
    kernelPathPods: new Set(kernelPathPods),
    frontends,
    tables: contentsOf(tablesOf(families).flatMap((table) => table.fullTransactions())),
    translation,
  };
}

/** Read as the agent reads it, so that what it would refuse is refused here. */
function frontendsOf(service: string, message: ServiceView): readonly KnownFrontend[] {
  const { frontends } = decodeServiceView(service, encodeMessage('fairlead.node.v1.ServiceView', message));
  return frontends.map((frontend, index) => {
    return { ...frontend, service, reason: message.frontends?.[index]?.dataPathReason ?? 'NOT_SAID' };
  });
}

function primaryAddresses(addresses: readonly string[]): readonly string[] {
  const families: readonly IpFamily[] = ['IPv4', 'IPv6'];
  return families.flatMap((family) => addresses.find((address) => familyOf(address) === family) ?? []);
}

/** Where a CNI assigns ranges by itself, the addresses of the known pods. */
function podRanges(model: Model, name: string, { podCidrs }: NodeStateOptions): readonly string[] {
  if (podCidrs !== undefined) return podCidrs;
  const ranges = model.nodes.get(name)?.podCidrs ?? [];
  if (ranges.length > 0) return ranges;
  const pods = [...model.keys('Pod')].flatMap((key) => model.get('Pod', key) ?? []);
  const addresses = pods.filter(({ nodeName }) => nodeName === name).flatMap((pod) => pod.addresses);
  return addresses.map((address) => `${address}/${familyOf(address) === 'IPv4' ? 32 : 128}`);
}

function emptyTables(podCidrs: readonly string[], settings: TranslateSettings): Families {
  const listeners = { tcp: settings.tcpListenerPort, http: settings.httpListenerPort };
  const table = (family: IpFamily, name: 'ip' | 'ip6') => {
    const pods = podDetectorOf({ kind: 'NodeCidrs' }, family, podCidrs);
    return new FamilyTable({ family: name, pods, marks: defaultMarks, listeners });
  };
  return { IPv4: table('IPv4', 'ip'), IPv6: table('IPv6', 'ip6') };
}

function program(families: Families, frontends: readonly KnownFrontend[], isEnvoyAway: boolean): void {
  const http = frontends.filter(({ dataPath }) => dataPath === 'EnvoyHttp');
  const scopes = new Set(http.map(({ address, port }) => formatHostPort({ host: address, port })));
  const gate = isEnvoyAway ? closedGate : { ...closedGate, tcp: true, http: true };
  for (const [family, table] of Object.entries(families)) {
    const own = frontends.filter((frontend) => frontend.family === family);
    for (const [service, ofService] of Map.groupBy(own, (frontend) => frontend.service)) {
      table?.elements.put(service, ofService);
    }
    table?.elements.capture.setScopes(scopes);
    table?.elements.capture.setGate(gate);
  }
}

function tablesOf({ IPv4, IPv6 }: Families): readonly FamilyTable[] {
  return [IPv4, IPv6].filter((table) => table !== undefined);
}
