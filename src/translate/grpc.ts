// Resources of proxyless gRPC clients, which ask for `xds:///namespace/name:port` (gRFC A27, A28, A31, A44).
import { familyOf } from '../model/address.ts';
import type { IpFamily, Service, ServicePort } from '../model/service.ts';
import { type EffectivePolicy, effectivePolicy } from '../model/settings.ts';
import type { Cluster } from '../protos/generated/types/envoy/config/cluster/v3/Cluster.ts';
import type { LocalityLbEndpoints } from '../protos/generated/types/envoy/config/endpoint/v3/LocalityLbEndpoints.ts';
import type { Listener } from '../protos/generated/types/envoy/config/listener/v3/Listener.ts';
import type { RouteAction } from '../protos/generated/types/envoy/config/route/v3/RouteAction.ts';
import type { RouteConfiguration } from '../protos/generated/types/envoy/config/route/v3/RouteConfiguration.ts';
import type { ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { adsSource } from './common.ts';
import { EndpointsEntry } from './endpoint-selection/endpoints-entry.ts';
import type { EndpointsOfPort, Selection } from './endpoint-selection/port-endpoints.ts';
import { localitiesOf } from './endpoints.ts';
import { targetNameOf } from './frontends.ts';
import { packed } from './packed.ts';

/** A Service port that gRPC clients can ask for: every TCP one, whichever path ClusterIP traffic takes. */
export interface GrpcTarget {
  readonly service: Service;
  readonly port: ServicePort;
  readonly name: string;
}

export function grpcTargetsOf(service: Service): readonly GrpcTarget[] {
  const ports = service.ports.filter(({ protocol }) => protocol === 'TCP');
  return ports.map((port) => ({ service, port, name: targetNameOf({ service, port }) }));
}

/** All but the endpoints. */
export function grpcEntries(target: GrpcTarget): readonly ResourceEntry[] {
  const { name } = target;
  const refreshes = [{ typeUrl: typeUrls.endpoint, name }];
  return [
    { typeUrl: typeUrls.listener, name, wildcard: false, scope: 'fleet', build: () => grpcListenerOf(name) },
    { typeUrl: typeUrls.route, name, wildcard: false, scope: 'fleet', build: () => grpcRouteOf(target) },
    { typeUrl: typeUrls.cluster, name, wildcard: false, scope: 'fleet', build: () => grpcClusterOf(target), refreshes },
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
 * streams that Envoy lets be, since it counts from the end of the request. Clients have deadlines of their own.
 */
function grpcRouteOf({ name, service, port }: GrpcTarget): RouteConfiguration {
  const route = { cluster: name, ...grpcRetryOf(effectivePolicy(service, port)) };
  return { name, virtualHosts: [{ name, domains: ['*'], routes: [{ match: { prefix: '' }, route }] }] };
}

/** Clients heed gRPC's own conditions and ignore the others (gRFC A44). */
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

export function grpcEndpointEntry({ service, port, name }: GrpcTarget, endpointsOf: EndpointsOfPort): ResourceEntry {
  const policy = service.internalTrafficPolicy;
  return new EndpointsEntry({
    typeUrl: typeUrls.endpoint,
    name,
    wildcard: false,
    selected: familiesOf(service).map((family) => ({ endpoints: endpointsOf(port, family), policy })),
    basis: [],
    message: (selections) => ({ clusterName: name, endpoints: localitiesByFamily(selections) }),
  });
}

/** In the Service's order: a client prefers the first and falls back to the second when it cannot reach any of it. */
function familiesOf(service: Service): readonly IpFamily[] {
  return service.clusterIPs.map(familyOf);
}

function localitiesByFamily(selections: readonly Selection[]): LocalityLbEndpoints[] {
  const filled = selections.filter(({ endpoints }) => endpoints.length > 0);
  return filled.flatMap(({ endpoints }, priority) => localitiesOf(endpoints, priority));
}
