// Resources of proxyless gRPC clients, which ask for `xds:///namespace/name:port` (gRFC A27, A28, A31, A44).
import { familyOf } from '../model/address.ts';
import type { EndpointSlice } from '../model/endpoint.ts';
import type { ModelReader } from '../model/model.ts';
import type { IpFamily, Service, ServicePort } from '../model/service.ts';
import { type EffectivePolicy, effectivePolicy } from '../model/settings.ts';
import type { Cluster } from '../protos/generated/types/envoy/config/cluster/v3/Cluster.ts';
import type { LocalityLbEndpoints } from '../protos/generated/types/envoy/config/endpoint/v3/LocalityLbEndpoints.ts';
import type { Listener } from '../protos/generated/types/envoy/config/listener/v3/Listener.ts';
import type { RouteAction } from '../protos/generated/types/envoy/config/route/v3/RouteAction.ts';
import type { RouteConfiguration } from '../protos/generated/types/envoy/config/route/v3/RouteConfiguration.ts';
import type { Resolve } from '../resources/resolve.ts';
import type { ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { adsSource } from './common.ts';
import { EndpointsEntry, type EndpointsPlan } from './endpoint-selection/endpoints-entry.ts';
import { type EndpointsOfPort, endpointsByPort, type Selection } from './endpoint-selection/port-endpoints.ts';
import { localitiesOf } from './endpoints.ts';
import { targetNameOf } from './names.ts';
import { packed } from './packed.ts';

/** A Service port that gRPC clients can ask for: every TCP one, whichever path ClusterIP traffic takes. */
interface GrpcTarget {
  readonly service: Service;
  readonly port: ServicePort;
  readonly name: string;
}

/**
 * Made when a client asks for them: few clients are proxyless gRPC, and if they were made for every Service
 * they would be half of all resources.
 */
export function grpcResolver(model: ModelReader): Resolve {
  return (typeUrl, name) => {
    const serviceKey = targetName.exec(name)?.[1];
    if (serviceKey === undefined || !types.has(typeUrl)) return undefined;
    const unit = typeUrl === typeUrls.endpoint ? 'endpoints' : 'service';
    const entry = grpcEntries(model, serviceKey).find((one) => one.typeUrl === typeUrl && one.name === name);
    return { owner: `${unit}/${serviceKey}`, entry };
  };
}

/** `namespace/name:port` */
const targetName = /^([^/:]+\/[^/:]+):\d+$/;
const types: ReadonlySet<string> = new Set([typeUrls.listener, typeUrls.route, typeUrls.cluster, typeUrls.endpoint]);

/** Of all ports of a Service; none without such a Service. */
export function grpcEntries(model: ModelReader, serviceKey: string): readonly ResourceEntry[] {
  const service = model.get('Service', serviceKey);
  if (service === undefined) return [];
  const slices = model.slicesOf(serviceKey);
  const endpointsOf = endpointsByPort(slices);
  const ports = service.ports.filter(({ protocol }) => protocol === 'TCP');
  const targets = ports.map((port) => ({ service, port, name: targetNameOf({ service, port }) }));
  return targets.flatMap((target) => [...configurationOf(target), endpointsEntryOf(target, slices, endpointsOf)]);
}

/** All but the endpoints. */
function configurationOf(target: GrpcTarget): readonly ResourceEntry[] {
  const { name } = target;
  return [
    { typeUrl: typeUrls.listener, name, wildcard: false, scope: 'fleet', build: () => grpcListenerOf(name) },
    { typeUrl: typeUrls.route, name, wildcard: false, scope: 'fleet', build: () => grpcRouteOf(target) },
    { typeUrl: typeUrls.cluster, name, wildcard: false, scope: 'fleet', build: () => grpcClusterOf(target) },
  ];
}

function grpcListenerOf(name: string): Listener {
  const router = packed('envoy.extensions.filters.http.router.v3.Router', {});
  return {
    name,
    apiListener: {
      apiListener: packed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
        statPrefix: name,
        rds: { configSource: adsSource, routeConfigName: name },
        httpFilters: [{ name: 'envoy.filters.http.router', typedConfig: router }],
      }),
    },
  };
}

/**
 * Without the request time-out: gRPC knows only a limit of the whole stream from its start (gRFC A31), which would cut long
 * streams that Envoy does not cut, since it counts from the end of the request. Clients have deadlines of their own.
 */
function grpcRouteOf({ name, service, port }: GrpcTarget): RouteConfiguration {
  const route = { cluster: name, ...grpcRetryOf(effectivePolicy(service, port)) };
  return { name, virtualHosts: [{ name, domains: ['*'], routes: [{ match: { prefix: '' }, route }] }] };
}

/** Clients honour gRPC's own conditions and ignore the others (gRFC A44). */
function grpcRetryOf({ retries, retryOn }: EffectivePolicy): Pick<RouteAction, 'retryPolicy'> {
  if (retries.value === 0 || retryOn.value.length === 0) return {};
  return { retryPolicy: { retryOn: retryOn.value.join(','), numRetries: { value: retries.value } } };
}

/** gRPC balances each call by itself; its caps are of requests in flight (gRFC A32). */
function grpcClusterOf({ name, service, port }: GrpcTarget): Cluster {
  const { value: maxRequests } = effectivePolicy(service, port).maxRequests;
  return {
    name,
    type: 'EDS',
    edsClusterConfig: { edsConfig: adsSource },
    lbPolicy: 'ROUND_ROBIN',
    ...(maxRequests === undefined
      ? {}
      : { circuitBreakers: { thresholds: [{ maxRequests: { value: maxRequests } }] } }),
  };
}

function endpointsEntryOf(
  target: GrpcTarget,
  slices: readonly EndpointSlice[],
  endpointsOf: EndpointsOfPort,
): ResourceEntry {
  const { name } = target;
  const plan = (of: EndpointsOfPort) => planOf(target, of);
  return new EndpointsEntry({ typeUrl: typeUrls.endpoint, name, wildcard: false, slices, endpointsOf, plan });
}

function planOf({ service, port, name }: GrpcTarget, endpointsOf: EndpointsOfPort): EndpointsPlan {
  const policy = service.internalTrafficPolicy;
  return {
    selected: familiesOf(service).map((family) => ({ endpoints: endpointsOf(port, family), policy })),
    basis: [],
    message: (selections) => ({ clusterName: name, endpoints: localitiesByFamily(selections) }),
  };
}

/** In the Service's order: a client prefers the first and falls back to the second when it cannot reach any of it. */
function familiesOf(service: Service): readonly IpFamily[] {
  return service.clusterIPs.map(familyOf);
}

function localitiesByFamily(selections: readonly Selection[]): LocalityLbEndpoints[] {
  const filled = selections.filter(({ endpoints }) => endpoints.length > 0);
  return filled.flatMap(({ endpoints }, priority) => localitiesOf(endpoints, priority));
}
