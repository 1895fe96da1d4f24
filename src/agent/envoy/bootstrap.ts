import { stringify } from 'yaml';
import { formatHostPort, type HostPort } from '../../base/host-port.ts';
import { preferenceOf } from '../../base/rendezvous.ts';

export type Endpoint =
  | { readonly kind: 'Tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'Unix'; readonly path: string };

export interface BootstrapOptions {
  readonly nodeName: string;
  /** Empty when unknown. */
  readonly zone: string;
  readonly admin: Endpoint;
  /** Replicas, at least one; which of them this node prefers does not depend on their order. */
  readonly controllers: readonly HostPort[];
  /** Most bytes of heap: near it Envoy first gives memory back, then refuses connections; undefined: no limit. */
  readonly maxHeapBytes?: number;
  /** Most connections of clients; those above it are closed at once. Undefined: no limit. */
  readonly maxConnections?: number;
}

/** The cluster through which Envoy reaches the controller. */
const xdsCluster = 'fairlead-xds';

/**
 * Envoy's own maximum of 30 s would let a node wait that long for changes after the controller's return. Each wait is
 * chosen at random below the interval, so that thousands of nodes do not come at once.
 */
const reconnect = { base_interval: '0.25s', max_interval: '3s' };

/**
 * `GET /page#part` is not legal, but a server takes it, and clients exist that send it: Envoy drops the fragment instead of
 * answering 400.
 */
export const runtime = {
  layers: [{ name: 'fairlead', static_layer: { 'envoy.reloadable_features.http_reject_path_with_fragment': false } }],
};

/** Envoy's bootstrap as YAML. Listeners, routes, clusters and endpoints come over delta ADS. */
export function bootstrapYaml(options: BootstrapOptions): string {
  return stringify(bootstrap(options), { lineWidth: 0 });
}

/** envoy.config.bootstrap.v3.Bootstrap. */
export function bootstrap(options: BootstrapOptions): object {
  const ads = { ads: {}, resource_api_version: 'V3' };
  return {
    node: {
      id: options.nodeName,
      cluster: 'fairlead',
      ...(options.zone === '' ? {} : { locality: { zone: options.zone } }),
    },
    admin: { address: addressOf(options.admin), ignore_global_conn_limit: true },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: xdsCluster, retry_policy: { retry_back_off: reconnect } } }],
      },
      lds_config: ads,
      cds_config: ads,
    },
    layered_runtime: runtime,
    // A worker makes its part of a cluster when the first connection needs it.
    cluster_manager: { enable_deferred_cluster_creation: true },
    deferred_stat_options: { enable_deferred_creation_stats: true },
    // Gives back to the kernel the memory that large answers of the admin interface leave free: 13 MiB with 10,000 Services.
    memory_allocator_manager: { bytes_to_release: 4 * 2 ** 20, memory_release_interval: '1s' },
    stats_config: statsConfig(),
    static_resources: { clusters: [xdsClusterOf(options)] },
    ...overloadManager(options),
  };
}

/** What Envoy counts: everything else would cost memory for each Service without being looked at. */
function statsConfig(): object {
  const prefixes = ['control_plane.', 'server.', 'listener_manager.', 'cluster_manager.', 'overload.', 'on_demand'];
  const perService = [
    'upstream_cx_(total|active|connect_fail|connect_timeout|overflow|tx_bytes_total|rx_bytes_total|destroy_remote_with_active_rq)',
    // Envoy from 1.40 counts requests above max_requests in active_overflow, before in pending_overflow.
    'upstream_rq_(total|active|active_overflow|pending_overflow|pending_failure_eject|retry|retry_success|retry_overflow|timeout|rx_reset|[1-5]xx)',
    'membership_(total|healthy)',
    'outlier_detection\\.ejections_(active|total|enforced_total|overflow)',
    'circuit_breakers\\.default\\.(cx_open|rq_open|rq_pending_open|rq_retry_open)',
    'external\\.upstream_rq_[1-5]xx',
    'update_rejected',
    // When endpoints last came, by which the agent measures how long programming took.
    'update_time',
  ];
  const regexes = [
    // Without a dot in the name, so that the copies for each pair of zones (`cluster.NAME.zone.…`) are left out.
    `cluster\\.[^.]*\\.(${perService.join('|')})`,
    'http\\..*\\.(downstream_(cx|rq)_(total|active|[1-5]xx|timeout|overload_close)|no_route|no_cluster|rq_total|on_demand.*|tracing\\..*)',
    'tcp\\..*\\.(downstream_cx_(total|no_route|tx_bytes_total|rx_bytes_total)|on_demand_cluster_.*|idle_timeout)',
    'listener\\..*\\.downstream_cx_(total|active|overflow|overload_reject|transport_socket_connect_timeout)',
    'http\\.[^.]*\\.(scoped_rds\\..*|rds\\..*\\.update_rejected)',
    'tracing\\.opentelemetry\\..*',
  ];
  return {
    stats_matcher: {
      inclusion_list: {
        patterns: [...prefixes.map((prefix) => ({ prefix })), ...regexes.map((regex) => ({ safe_regex: { regex } }))],
      },
    },
  };
}

/**
 * Each controller has a priority of its own, in the order in which this node prefers them, and Envoy takes the first that is
 * not ejected: nodes spread over the controllers, those of a controller that is lost spread over the others, and the next
 * stream after the ejection goes back to the first.
 */
function xdsClusterOf({ nodeName, controllers }: BootstrapOptions): object {
  const byName = new Map(controllers.map((controller) => [formatHostPort(controller), controller]));
  const endpoints = preferenceOf(nodeName, [...byName.keys()]).map((name, priority) => {
    const { host = '', port = 0 } = byName.get(name) ?? {};
    const address = { socket_address: { address: host, port_value: port } };
    return { priority, lb_endpoints: [{ endpoint: { address } }] };
  });
  const isNamed = controllers.some(({ host }) => !/^[\d.]+$|:/.test(host));
  const hasReplicas = controllers.length > 1 || isNamed;
  return {
    name: xdsCluster,
    type: isNamed ? 'STRICT_DNS' : 'STATIC',
    connect_timeout: '1s',
    // Of the addresses of one name. With round robin, all nodes that lost one of them at the same time would move to the same next one.
    lb_policy: 'RANDOM',
    // With more than one left, those that are ejected are not tried.
    common_lb_config: { healthy_panic_threshold: { value: 1 } },
    ...(hasReplicas && { outlier_detection: leaveAtOnce }),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        // A controller that this node has left again: that connection would carry nothing but pings.
        common_http_protocol_options: { idle_timeout: '5s' },
        explicit_http_config: {
          http2_protocol_options: { connection_keepalive: hasReplicas ? quickPings : calmPings },
        },
      },
    },
    load_assignment: { cluster_name: xdsCluster, endpoints },
  };
}

/**
 * A controller that does not answer is left within interval plus timeout, 1.5 s, and the wait before the next attempt, at
 * most 0.25 s. A shorter timeout would take a controller that is only busy for one that is gone.
 */
const quickPings = { interval: '0.5s', timeout: '1s', interval_jitter: { value: 0 } };

/** With nowhere else to go, a connection that stalls is better than all nodes reconnecting to a controller that is busy. */
const calmPings = { interval: '10s', timeout: '5s' };

/**
 * A stream that breaks, a connection that is refused, an answer such as UNAVAILABLE: the next attempt is made elsewhere. The
 * time of an ejection counts for new streams only. When all are ejected, all are tried.
 */
const leaveAtOnce = {
  split_external_local_origin_errors: true,
  consecutive_local_origin_failure: 1,
  consecutive_5xx: 1,
  interval: '1s',
  base_ejection_time: '5s',
  max_ejection_time: '30s',
  max_ejection_percent: 100,
};

function overloadManager({ maxHeapBytes, maxConnections }: BootstrapOptions): object {
  if (maxHeapBytes === undefined && maxConnections === undefined) return {};
  return {
    overload_manager: {
      refresh_interval: '0.25s',
      resource_monitors: [
        ...(maxHeapBytes === undefined
          ? []
          : [resourceMonitor('fixed_heap', 'FixedHeapConfig', { max_heap_size_bytes: maxHeapBytes })]),
        ...(maxConnections === undefined ? [] : [connectionMonitor(maxConnections)]),
      ],
      ...(maxHeapBytes !== undefined && { actions: heapActions }),
    },
  };
}

const atHeap = (value: number) => [{ name: 'envoy.resource_monitors.fixed_heap', threshold: { value } }];
const heapActions = [
  { name: 'envoy.overload_actions.shrink_heap', triggers: atHeap(0.9) },
  { name: 'envoy.overload_actions.reject_incoming_connections', triggers: atHeap(0.97) },
];

function connectionMonitor(maxConnections: number): object {
  const limit = { max_active_downstream_connections: maxConnections };
  return resourceMonitor(
    'downstream_connections',
    'DownstreamConnectionsConfig',
    limit,
    'global_downstream_max_connections',
  );
}

function resourceMonitor(packageName: string, message: string, config: object, name = packageName): object {
  const type = `type.googleapis.com/envoy.extensions.resource_monitors.${packageName}.v3.${message}`;
  return { name: `envoy.resource_monitors.${name}`, typed_config: { '@type': type, ...config } };
}

function addressOf(endpoint: Endpoint): object {
  if (endpoint.kind === 'Unix') return { pipe: { path: endpoint.path, mode: 0o600 } };
  return { socket_address: { address: endpoint.host, port_value: endpoint.port } };
}
