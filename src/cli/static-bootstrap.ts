import type { Json } from '../protos/proto-json.ts';
import type { TranslationJson } from './translation-json.ts';

type JsonObject = { readonly [key: string]: Json };

/**
 * A bootstrap that holds a whole translation as static configuration, for `envoy --mode validate`. What Envoy would ask
 * the stream for is in place: endpoints inside their clusters, routes inside the scopes of one HTTP listener more.
 * Listeners of gRPC clients are left out: Envoy accepts only one of the kind.
 */
export function staticBootstrap(translation: TranslationJson): JsonObject {
  const endpoints = new Map(translation.endpoints.map((assignment) => [assignment['cluster_name'], assignment]));
  const listeners = translation.listeners.filter((listener) => listener['api_listener'] === undefined);
  return {
    node: { id: 'validate', cluster: 'fairlead' },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: xdsCluster['name'] } }],
      },
    },
    static_resources: {
      clusters: [xdsCluster, ...translation.clusters.map((cluster) => withEndpoints(cluster, endpoints))],
      listeners: [...listeners, routesListener(translation.routes)],
    },
  };
}

const xdsCluster = {
  name: 'fairlead-xds-of-validation',
  type: 'STATIC',
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
} as const;

function withEndpoints(cluster: JsonObject, endpoints: ReadonlyMap<Json | undefined, JsonObject>): JsonObject {
  if (cluster['type'] !== 'EDS') return cluster;
  const { eds_cluster_config: _, ...rest } = cluster;
  const assignment = endpoints.get(cluster['name']);
  return { ...rest, type: 'STATIC', ...(assignment === undefined ? {} : { load_assignment: assignment }) };
}

function routesListener(routes: readonly JsonObject[]): JsonObject {
  return {
    name: 'routes-of-validation',
    address: { socket_address: { address: '127.0.0.1', port_value: 1 } },
    bind_to_port: false,
    filter_chains: [
      { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: managerOf(routes) }] },
    ],
  };
}

function managerOf(routes: readonly JsonObject[]): JsonObject {
  const scopes = routes.map((route) => ({
    name: route['name'] ?? '',
    route_configuration: route,
    key: { fragments: [{ string_key: route['name'] ?? '' }] },
  }));
  const router = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' };
  const common = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'validation',
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: router }],
  };
  if (scopes.length === 0) return { ...common, route_config: {} };
  const scope_key_builder = { fragments: [{ header_value_extractor: { name: 'x-scope', index: 0 } }] };
  const scoped_route_configurations_list = { scoped_route_configurations: scopes };
  return { ...common, scoped_routes: { name: 'validation', scope_key_builder, scoped_route_configurations_list } };
}
