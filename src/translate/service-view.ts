import { keyOf } from '../model/address.ts';
import type { EndpointSlice } from '../model/endpoint.ts';
import type { IpFamily, Service, ServicePort, TrafficPolicy } from '../model/service.ts';
import { effectivePolicy } from '../model/settings.ts';
import type { Frontend as FrontendMessage } from '../protos/generated/types/fairlead/node/v1/Frontend.ts';
import type { HealthCheck } from '../protos/generated/types/fairlead/node/v1/HealthCheck.ts';
import type { ServiceView } from '../protos/generated/types/fairlead/node/v1/ServiceView.ts';
import type { ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { bytesOf, cidrOf } from './address-bytes.ts';
import type { DataPath, DataPathReason } from './data-path.ts';
import { EndpointsEntry, type EndpointsPlan, type SelectedEndpoints } from './endpoint-selection/endpoints-entry.ts';
import type { EndpointsOfPort, Selection, SelectionPolicy } from './endpoint-selection/port-endpoints.ts';
import { EndpointSets, type FamilySelection } from './endpoint-sets.ts';
import type { Frontend } from './frontends.ts';
import { familiesOf, type NodeFrontend, nodeFrontendsOf, policyOf } from './node-frontends.ts';

const dataPaths = { Kernel: 'KERNEL', EnvoyTcp: 'ENVOY_TCP', EnvoyHttp: 'ENVOY_HTTP' } as const satisfies Record<
  DataPath,
  FrontendMessage['dataPath']
>;

const reasons = {
  ServiceSetting: 'SERVICE_SETTING',
  NamespaceSetting: 'NAMESPACE_SETTING',
  ClusterSetting: 'CLUSTER_SETTING',
  Protocol: 'PROTOCOL',
  Dns: 'DNS',
  SessionAffinity: 'SESSION_AFFINITY',
  ApiServer: 'API_SERVER',
  AddressKind: 'ADDRESS_KIND',
  NetworkPolicy: 'NETWORK_POLICY',
} as const satisfies Record<DataPathReason, FrontendMessage['dataPathReason']>;

const kinds = {
  ClusterIP: 'CLUSTER_IP',
  LoadBalancer: 'LOAD_BALANCER',
  ExternalIP: 'EXTERNAL_IP',
  NodePort: 'NODE_PORT',
} as const satisfies Record<NodeFrontend['kind'], FrontendMessage['kind']>;

interface SetOfPort extends SelectedEndpoints {
  readonly port: ServicePort;
  readonly family: IpFamily;
}

/** A frontend and what it refers to, by index into the sets of its view. */
interface PlannedFrontend {
  readonly message: FrontendMessage;
  readonly set: number;
  readonly shortCircuit: number | undefined;
  readonly serving: number | undefined;
}

/** What the agents need of a Service, whichever paths its ports take. */
export function serviceViewEntry(
  service: Service,
  clusterFrontends: readonly Frontend[],
  slices: readonly EndpointSlice[],
  endpointsOf: EndpointsOfPort,
  policedNodes: ReadonlySet<string> | undefined,
): ResourceEntry {
  return new EndpointsEntry({
    typeUrl: typeUrls.serviceView,
    name: keyOf(service),
    wildcard: true,
    slices,
    endpointsOf,
    plan: (of) => planOf(service, clusterFrontends, slices, of, policedNodes),
  });
}

function planOf(
  service: Service,
  clusterFrontends: readonly Frontend[],
  slices: readonly EndpointSlice[],
  endpointsOf: EndpointsOfPort,
  policedNodes: ReadonlySet<string> | undefined,
): EndpointsPlan {
  const { namespace, name } = service;
  const sets = new PlannedSets(endpointsOf);
  const changedMs = slices.reduce((newest, slice) => Math.max(newest, slice.changedMs ?? 0), 0);
  const planned = nodeFrontendsOf(service, clusterFrontends).map((frontend) => plan(service, frontend, sets));
  if (hasHealthCheck(service)) sets.addLocal(service);
  return {
    selected: sets.list,
    basis: [service, ...clusterFrontends.flatMap(({ address, path, reason }) => [address, path, reason])],
    // A time that is the slice's would make views differ for nodes whose endpoints are the same.
    fleetBasis: [changedMs],
    variantNodes: clusterFrontends.every(({ path }) => path === 'Kernel') ? undefined : policedNodes,
    message: (selections, scope, isPoliced): ServiceView => ({
      namespace,
      name,
      ...referring(planned, familySelections(sets.list, selections), isPoliced),
      ...healthCheckOf(service, sets.list, selections),
      ...(scope === 'fleet' && changedMs > 0 ? { endpointsChangedMs: changedMs } : {}),
    }),
  };
}

/** What of endpoints a view needs, each once. */
class PlannedSets {
  readonly list: SetOfPort[] = [];
  readonly #endpointsOf: EndpointsOfPort;

  constructor(endpointsOf: EndpointsOfPort) {
    this.#endpointsOf = endpointsOf;
  }

  indexOf(policy: SelectionPolicy, port: ServicePort, family: IpFamily): number {
    const index = this.list.findIndex((set) => set.policy === policy && set.port === port && set.family === family);
    if (index >= 0) return index;
    return this.list.push({ policy, port, family, endpoints: this.#endpointsOf(port, family) }) - 1;
  }

  addLocal(service: Service): void {
    for (const port of service.ports) {
      for (const family of familiesOf(service)) this.indexOf('Local', port, family);
    }
  }
}

function plan(service: Service, frontend: NodeFrontend, sets: PlannedSets): PlannedFrontend {
  const { kind, port, family } = frontend;
  const policy = policyOf(service, kind);
  const isShortCircuited = kind !== 'ClusterIP' && policy === 'Local';
  return {
    message: messageOf(service, frontend),
    set: sets.indexOf(policy, port, family),
    shortCircuit: isShortCircuited ? sets.indexOf('Cluster', port, family) : undefined,
    serving: port.protocol === 'UDP' ? sets.indexOf(servingPolicyOf(frontend, policy), port, family) : undefined,
  };
}

/**
 * With internalTrafficPolicy Local nobody connects to endpoints of other nodes, so they are not named: the view of each node
 * would change with each endpoint of a Service such as a node-local DNS. Other frontends have a short circuit to all.
 */
function servingPolicyOf({ kind }: NodeFrontend, policy: TrafficPolicy): SelectionPolicy {
  return kind === 'ClusterIP' && policy === 'Local' ? 'LocalServing' : 'Serving';
}

/** What is the default of a field is not there. */
function messageOf(
  service: Service,
  { kind, address, port, number, path, reason, sourceRanges }: NodeFrontend,
): FrontendMessage {
  const { sessionAffinity } = service;
  const failsClosed = path !== 'Kernel' && effectivePolicy(service, port).failMode.value === 'Closed';
  return {
    kind: kinds[kind],
    ...(address === undefined ? {} : { address: bytesOf(address) }),
    protocol: port.protocol,
    port: number,
    portName: port.name,
    dataPath: dataPaths[path],
    dataPathReason: reasons[reason],
    ...(failsClosed ? { failMode: 'CLOSED' } : {}),
    trafficPolicy: policyOf(service, kind) === 'Local' ? 'LOCAL' : 'CLUSTER',
    ...(sessionAffinity.kind === 'ClientIP' ? { affinityTimeoutSeconds: sessionAffinity.timeoutSeconds } : {}),
    ...(sourceRanges.length === 0 ? {} : { sourceRanges: sourceRanges.map(cidrOf) }),
  };
}

/** On a node where a policy selects an endpoint for ingress. */
function policed(message: FrontendMessage): FrontendMessage {
  if (message.dataPath === 'KERNEL') return message;
  const { failMode: _failMode, ...rest } = message;
  return { ...rest, dataPath: 'KERNEL', dataPathReason: 'NETWORK_POLICY' };
}

function familySelections(sets: readonly SetOfPort[], selections: readonly Selection[]): readonly FamilySelection[] {
  return sets.flatMap(({ family }, index) => {
    const selection = selections[index];
    return selection === undefined ? [] : [{ family, selection }];
  });
}

function referring(
  planned: readonly PlannedFrontend[],
  selections: readonly FamilySelection[],
  isPoliced: boolean,
): Pick<ServiceView, 'endpointSets' | 'frontends'> {
  const sets = new EndpointSets();
  const indexOf = (index: number | undefined): number | undefined => {
    const set = index === undefined ? undefined : selections[index];
    return set === undefined ? undefined : sets.indexOf(set);
  };
  const frontends = planned.map(({ message, set, shortCircuit, serving }): FrontendMessage => {
    const endpointSet = indexOf(set) ?? 0;
    const shortCircuitSet = indexOf(shortCircuit);
    const servingSet = indexOf(serving);
    return {
      ...(isPoliced ? policed(message) : message),
      endpointSet,
      ...(shortCircuitSet === undefined ? {} : { shortCircuitSet }),
      ...(servingSet === undefined || servingSet === endpointSet ? {} : { servingSet }),
    };
  });
  return { endpointSets: sets.messages, frontends };
}

function hasHealthCheck({ external }: Service): boolean {
  return external?.healthCheckNodePort !== undefined;
}

function healthCheckOf(
  { external }: Service,
  sets: readonly SetOfPort[],
  selections: readonly Selection[],
): { readonly healthCheck?: HealthCheck } {
  const port = external?.healthCheckNodePort;
  if (port === undefined) return {};
  const countOf = (family: IpFamily) => {
    const local = sets.flatMap((set, index) => {
      return set.policy === 'Local' && set.family === family ? (selections[index]?.endpoints ?? []) : [];
    });
    return new Set(local.flatMap(({ endpoint }) => (endpoint.ready ? [endpoint.address] : []))).size;
  };
  return { healthCheck: { port, readyLocalIpv4: countOf('IPv4'), readyLocalIpv6: countOf('IPv6') } };
}
