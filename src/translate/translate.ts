import type { Model } from '../model/model.ts';
import type { Problem } from '../model/problem.ts';
import type { MessageObject } from '../protos/registry.ts';
import type { ClientView, ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { clusterEntry } from './clusters.ts';
import { endpointsByPort } from './endpoint-selection/port-endpoints.ts';
import { endpointEntry } from './endpoints.ts';
import { type Frontend, frontendProblems, frontendsOf } from './frontends.ts';
import { grpcEndpointEntry, grpcEntries, grpcTargetsOf } from './grpc.ts';
import { httpListenerOf, tcpListenerOf } from './listeners.ts';
import { policyProblems } from './policy-problems.ts';
import { routeEntry } from './routes.ts';
import { scopedRouteEntry } from './scoped-routes.ts';
import { serviceViewEntry } from './service-view.ts';
import type { TranslateSettings } from './settings.ts';
import { collectorCluster, collectorClusterOf } from './tracing.ts';

export interface ServiceTranslation {
  readonly entries: readonly ResourceEntry[];
  /** What of the Service could not be honoured. */
  readonly warnings: readonly Problem[];
}

export interface NamedMessage {
  readonly name: string;
  readonly message: MessageObject;
}

/** All resources as one client sees them, each list in order of name. */
export interface Translation {
  readonly listeners: readonly NamedMessage[];
  readonly scopedRoutes: readonly NamedMessage[];
  readonly routes: readonly NamedMessage[];
  readonly clusters: readonly NamedMessage[];
  readonly endpoints: readonly NamedMessage[];
  readonly serviceViews: readonly NamedMessage[];
  readonly warnings: readonly Problem[];
}

/** What does not depend on endpoints, for all nodes; nothing is built until an entry is. Empty without such a Service. */
export function translateService(model: Model, serviceKey: string, settings: TranslateSettings): ServiceTranslation {
  const service = model.services.get(serviceKey);
  if (service === undefined) return { entries: [], warnings: [] };
  const entries = [
    ...frontendsOf(model, service).flatMap((frontend) => configurationEntries(frontend, settings)),
    ...grpcTargetsOf(service).flatMap(grpcEntries),
  ];
  return { entries, warnings: [...frontendProblems(model, service), ...policyProblems(service, settings)] };
}

/** What depends on endpoints: ClusterLoadAssignments and the ServiceView. */
export function translateEndpoints(model: Model, serviceKey: string): readonly ResourceEntry[] {
  const service = model.services.get(serviceKey);
  if (service === undefined) return [];
  const frontends = frontendsOf(model, service);
  const endpointsOf = endpointsByPort(model.slicesOf(serviceKey));
  const viaEnvoy = frontends.filter(({ listener }) => listener !== undefined);
  return [
    ...viaEnvoy.map((frontend) => endpointEntry(frontend, endpointsOf(frontend.port, frontend.family))),
    ...grpcTargetsOf(service).map((target) => grpcEndpointEntry(target, endpointsOf)),
    serviceViewEntry(service, frontends, endpointsOf),
  ];
}

function configurationEntries(frontend: Frontend, settings: TranslateSettings): readonly ResourceEntry[] {
  switch (frontend.listener) {
    case undefined:
      return [];
    case 'tcp':
      return [clusterEntry(frontend)];
    case 'http':
      return [scopedRouteEntry(frontend), routeEntry(frontend, settings), clusterEntry(frontend)];
  }
}

/** What exists without any Service: the listeners and the clusters that they need. */
export function translateCommon(settings: TranslateSettings): readonly ResourceEntry[] {
  const { tracing } = settings;
  const common = { wildcard: true, scope: 'fleet' } as const;
  const listeners: readonly ResourceEntry[] = [
    { ...common, typeUrl: typeUrls.listener, name: 'tcp', build: () => tcpListenerOf(settings) },
    { ...common, typeUrl: typeUrls.listener, name: 'http', build: () => httpListenerOf(settings) },
  ];
  if (tracing === undefined) return listeners;
  const build = () => collectorClusterOf(tracing);
  return [{ ...common, typeUrl: typeUrls.cluster, name: collectorCluster, build }, ...listeners];
}

/** Everything, as one client sees it. */
export function translate(model: Model, client: ClientView, settings: TranslateSettings): Translation {
  const keys = [...model.services.keys()].sort();
  const services = keys.map((key) => translateService(model, key, settings));
  const endpoints = keys.flatMap((key) => translateEndpoints(model, key));
  const entries = [...translateCommon(settings), ...services.flatMap((service) => service.entries), ...endpoints];
  const of = (typeUrl: string): readonly NamedMessage[] =>
    entries
      .filter((entry) => entry.typeUrl === typeUrl)
      .map((entry) => ({ name: entry.name, message: entry.build(client) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    listeners: of(typeUrls.listener),
    scopedRoutes: of(typeUrls.scopedRoute),
    routes: of(typeUrls.route),
    clusters: of(typeUrls.cluster),
    endpoints: of(typeUrls.endpoint),
    serviceViews: of(typeUrls.serviceView),
    warnings: services.flatMap((service) => service.warnings),
  };
}
