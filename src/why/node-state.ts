import { FamilyTable } from '../agent/kernel/family-table.ts';
import { closedGate } from '../agent/kernel/gate.ts';
import { podDetectorOf } from '../agent/node/pod-detector.ts';
import { decodeServiceView } from '../agent/xds/read-service-view.ts';
import type { Frontend } from '../agent/xds/service-view.ts';
import { formatHostPort } from '../base/host-port.ts';
import { defaultMarks } from '../base/marks.ts';
import { familyOf } from '../model/address.ts';
import type { Model } from '../model/model.ts';
import type { Node } from '../model/node.ts';
import type { IpFamily } from '../model/service.ts';
import type { TableContent } from '../nftables/interpreter/content.ts';
import { contentsOf } from '../nftables/interpreter/table-contents.ts';
import type { Frontend as FrontendMessage } from '../protos/generated/types/fairlead/node/v1/Frontend.ts';
import type { ServiceView } from '../protos/generated/types/fairlead/node/v1/ServiceView.ts';
import { encodeMessage } from '../protos/registry.ts';
import type { TranslateSettings } from '../translate/settings.ts';
import { type Translation, translate } from '../translate/translate.ts';

const families = ['IPv4', 'IPv6'] as const;

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
  const known = {
    name,
    zone,
    addresses: node?.addresses.map(({ address }) => address) ?? [],
    primary: primaryAddresses(node),
    kernelPathPods: new Set(model.kernelPathPodsOf(name)),
    frontends,
    translation,
  };
  const ranges = podRanges(model, name, options);
  const tables = families.map((family) => {
    return programmed(emptyTable(family, ranges, options.settings), family, known, model, options);
  });
  return { ...known, tables: contentsOf(tables.flatMap((table) => table.fullTransactions())) };
}

/** Read as the agent reads it, so that what it would refuse is refused here. */
function frontendsOf(service: string, message: ServiceView): readonly KnownFrontend[] {
  const { frontends } = decodeServiceView(service, encodeMessage('fairlead.node.v1.ServiceView', message));
  return frontends.map((frontend, index) => {
    return { ...frontend, service, reason: message.frontends?.[index]?.dataPathReason ?? 'NOT_SAID' };
  });
}

/** As the agent chooses among the Node's addresses. */
function primaryAddresses(node: Node | undefined): readonly string[] {
  return families.flatMap((family) => {
    const own = (node?.addresses ?? []).filter(({ address }) => familyOf(address) === family);
    return (own.find(({ kind }) => kind === 'Internal') ?? own[0])?.address ?? [];
  });
}

/** Where a CNI assigns ranges by itself: the addresses of the pods and endpoints that are known to be on the node. */
function podRanges(model: Model, name: string, { podCidrs }: NodeStateOptions): readonly string[] {
  if (podCidrs !== undefined) return podCidrs;
  const node = model.nodes.get(name);
  if (node !== undefined && node.podCidrs.length > 0) return node.podCidrs;
  const own = new Set(node?.addresses.map(({ address }) => address));
  const addresses = [...podsOn(model, name), ...endpointsOn(model, name)].filter((address) => !own.has(address));
  return addresses.map((address) => `${address}/${familyOf(address) === 'IPv4' ? 32 : 128}`);
}

function podsOn(model: Model, name: string): readonly string[] {
  const pods = [...model.keys('Pod')].flatMap((key) => model.get('Pod', key) ?? []);
  return pods.filter(({ nodeName }) => nodeName === name).flatMap(({ addresses }) => addresses);
}

function endpointsOn(model: Model, name: string): readonly string[] {
  const slices = [...model.keys('EndpointSlice')].flatMap((key) => model.get('EndpointSlice', key) ?? []);
  const endpoints = slices.flatMap((slice) => slice.endpoints);
  return endpoints.filter(({ nodeName }) => nodeName === name).map(({ address }) => address);
}

function emptyTable(family: IpFamily, podCidrs: readonly string[], settings: TranslateSettings): FamilyTable {
  const pods = podDetectorOf({ kind: 'NodeCidrs' }, family, podCidrs);
  const listeners = { tcp: settings.tcpListenerPort, http: settings.httpListenerPort };
  return new FamilyTable({ family: family === 'IPv4' ? 'ip' : 'ip6', pods, marks: defaultMarks, listeners });
}

function programmed(
  table: FamilyTable,
  family: IpFamily,
  { frontends, primary, kernelPathPods }: Omit<NodeState, 'tables'>,
  model: Model,
  { isEnvoyAway }: NodeStateOptions,
): FamilyTable {
  const isOwn = (address: string) => familyOf(address) === family;
  const own = frontends.filter((frontend) => frontend.family === family);
  table.elements.setNodeAddresses({ primary: primary.find(isOwn), nodePorts: primary.filter(isOwn) });
  table.setServiceCidrs(model.serviceCidrs().filter(isOwn));
  table.setKernelPathPods([...kernelPathPods].filter(isOwn));
  for (const [service, ofService] of Map.groupBy(own, (frontend) => frontend.service)) {
    table.elements.put(service, ofService);
  }
  table.elements.capture.setScopes(new Set(own.filter(({ dataPath }) => dataPath === 'EnvoyHttp').map(nameOf)));
  table.elements.capture.setGate(isEnvoyAway ? closedGate : { ...closedGate, tcp: true, http: true });
  return table;
}

function nameOf({ address, port }: KnownFrontend): string {
  return formatHostPort({ host: address, port });
}
