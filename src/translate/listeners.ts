import type { IpFamily } from '../model/service.ts';
import { settings as defaults } from '../model/settings.ts';
import type { SocketOption } from '../protos/generated/types/envoy/config/core/v3/SocketOption.ts';
import type { Filter } from '../protos/generated/types/envoy/config/listener/v3/Filter.ts';
import type { Listener } from '../protos/generated/types/envoy/config/listener/v3/Listener.ts';
import type { ListenerFilter } from '../protos/generated/types/envoy/config/listener/v3/ListenerFilter.ts';
import type { HttpConnectionManager } from '../protos/generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import { httpAccessLogOf, tcpAccessLogOf } from './access-log.ts';
import { adsSource, connectionBufferBytes, durationOf, socketAddress } from './common.ts';
import { forwardedProtoMutations } from './forwarded-proto.ts';
import { setHeader } from './header-mutations.ts';
import { http1Options, http2Options, maxHeaders } from './http-options.ts';
import { packed } from './packed.ts';
import { destinationHeader } from './routes.ts';
import type { TranslateSettings } from './settings.ts';
import { tcpIdleMs } from './timeouts.ts';
import { tracingMutations, tracingOf, untraced } from './tracing.ts';
import { ignoredUpgrades, upgradeConfigs } from './upgrades.ts';

/** How long a first connection waits for the cluster that is asked for. */
const discoveryTimeout = durationOf(5000);

/** The address that the client connected to, which TPROXY leaves in place; names everything of a Service port. */
const destination = '%DOWNSTREAM_LOCAL_ADDRESS%';

/** Carries any TCP: the cluster is named by the destination and asked for when it is first used. */
export function tcpListenerOf(settings: TranslateSettings): Listener {
  return transparentListener('tcp', settings.tcpListenerPort, settings, [clusterByDestination(), tcpProxyOf(settings)]);
}

function clusterByDestination(): Filter {
  const typedConfig = packed('envoy.extensions.filters.network.set_filter_state.v3.Config', {
    onNewConnection: [
      {
        objectKey: 'envoy.tcp_proxy.cluster',
        formatString: { textFormatSource: { inlineString: destination } },
      },
    ],
  });
  return { name: 'envoy.filters.network.set_filter_state', typedConfig };
}

/**
 * A refused connect is tried again, since nothing was sent by then. Nothing keeps an attempt from meeting the same endpoint
 * (Envoy 1.40 has host predicates for HTTP retries only), and the hashing algorithms choose it every time, until outlier
 * detection ejects it. An ejection takes effect through Envoy's main thread, which the attempts after it have to wait for.
 */
const connectAttempts = {
  maxConnectAttempts: { value: 2 * defaults.outlierConsecutiveErrors.byDefault },
  // Each wait is chosen at random below the interval, which doubles: where everything refuses, a client is told after 0.2 s.
  backoffOptions: { baseInterval: durationOf(5), maxInterval: durationOf(50) },
};

/** The hash is used by the hashing algorithms. */
function tcpProxyOf(settings: TranslateSettings): Filter {
  const typedConfig = packed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
    statPrefix: 'tcp',
    cluster: 'none',
    onDemand: { odcdsConfig: adsSource, timeout: discoveryTimeout },
    idleTimeout: durationOf(tcpIdleMs),
    ...connectAttempts,
    hashPolicy: [{ sourceIp: {} }],
    accessLog: tcpAccessLogOf(settings.accessLog),
  });
  return { name: 'envoy.filters.network.tcp_proxy', typedConfig };
}

/** Carries HTTP: scope, routes, cluster and endpoints are each asked for with the first request to a destination. */
export function httpListenerOf(settings: TranslateSettings): Listener {
  const typedConfig = packed(
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    connectionManagerOf(settings),
  );
  const filter = { name: 'envoy.filters.network.http_connection_manager', typedConfig };
  return transparentListener('http', settings.httpListenerPort, settings, [filter]);
}

function connectionManagerOf(settings: TranslateSettings): HttpConnectionManager {
  return {
    statPrefix: 'http',
    codecType: 'AUTO',
    ...asSent,
    ...withoutTimeouts,
    earlyHeaderMutationExtensions: [earlyMutations(settings)],
    scopedRoutes: scopedRoutesByHeader(),
    ...(settings.tracing === undefined ? untraced : tracingOf(settings.tracing)),
    accessLog: httpAccessLogOf(settings.accessLog),
    httpFilters: httpFilters(),
  };
}

/** A proxy that the client does not know of leaves messages unchanged, as far as Envoy can. */
const asSent = {
  httpProtocolOptions: {
    ...http1Options,
    acceptHttp_10: true,
    defaultHostForHttp_10: 'localhost',
    ignoreHttp_11Upgrade: ignoredUpgrades,
  },
  http2ProtocolOptions: http2Options,
  maxRequestHeadersKb: { value: 256 },
  serverHeaderTransformation: 'PASS_THROUGH',
  // With true, X-Forwarded-Proto and -For of an ingress in front would be overwritten.
  useRemoteAddress: { value: false },
  forwardClientCertDetails: 'ALWAYS_FORWARD_ONLY',
  proxy_100Continue: true,
  normalizePath: { value: false },
  mergeSlashes: false,
  pathWithEscapedSlashesAction: 'KEEP_UNCHANGED',
  upgradeConfigs,
} as const satisfies HttpConnectionManager;

/** A stream may be silent without limit; dead peers are found by TCP keepalive. */
const withoutTimeouts = {
  streamIdleTimeout: durationOf(defaults.idleTimeoutMs.byDefault),
  requestTimeout: durationOf(0),
  commonHttpProtocolOptions: { idleTimeout: durationOf(3_600_000), maxHeadersCount: { value: maxHeaders } },
} as const satisfies HttpConnectionManager;

/** Before anything else sees the request. */
function earlyMutations({ tracing }: TranslateSettings): Extension {
  const mutations = [
    setHeader(destinationHeader, destination),
    ...forwardedProtoMutations(),
    ...(tracing === undefined ? [] : tracingMutations()),
  ];
  return {
    name: 'envoy.http.early_header_mutation.header_mutation',
    typedConfig: packed('envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation', { mutations }),
  };
}

type Extension = NonNullable<HttpConnectionManager['earlyHeaderMutationExtensions']>[number];

function scopedRoutesByHeader(): NonNullable<HttpConnectionManager['scopedRoutes']> {
  return {
    name: 'services',
    scopeKeyBuilder: { fragments: [{ headerValueExtractor: { name: destinationHeader, index: 0 } }] },
    rdsConfigSource: adsSource,
    scopedRds: { scopedRdsConfigSource: adsSource },
  };
}

function httpFilters(): NonNullable<HttpConnectionManager['httpFilters']> {
  const odcds = { source: adsSource, timeout: discoveryTimeout };
  return [
    {
      name: 'envoy.filters.http.on_demand',
      typedConfig: packed('envoy.extensions.filters.http.on_demand.v3.OnDemand', { odcds }),
    },
    {
      name: 'envoy.filters.http.router',
      typedConfig: packed('envoy.extensions.filters.http.router.v3.Router', { suppressEnvoyHeaders: true }),
    },
  ];
}

/** On all addresses of the node: the kernel hands over connections whose destination is elsewhere (IP_TRANSPARENT). */
function transparentListener(
  name: string,
  port: number,
  { families, upstreamMark }: TranslateSettings,
  filters: Filter[],
): Listener {
  const addresses = families.map((family) => socketAddress(anyAddress[family], port));
  return {
    name,
    address: addresses[0] ?? socketAddress(anyAddress.IPv4, port),
    additionalAddresses: addresses.slice(1).map((address) => ({ address })),
    transparent: { value: true },
    perConnectionBufferLimitBytes: { value: connectionBufferBytes },
    socketOptions: keepaliveOptions,
    listenerFilters: [originalSource(upstreamMark)],
    filterChains: [{ filters }],
  };
}

const anyAddress = { IPv4: '0.0.0.0', IPv6: '::' } as const satisfies Record<IpFamily, string>;

/** Endpoints see the client's address. */
function originalSource(mark: number): ListenerFilter {
  const typedConfig = packed('envoy.extensions.filters.listener.original_src.v3.OriginalSrc', { mark });
  return { name: 'envoy.filters.listener.original_src', typedConfig };
}

/** SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT by Linux' numbers; accepted sockets inherit them. */
const keepaliveOptions: SocketOption[] = [
  { level: 1, name: 9, intValue: 1, state: 'STATE_PREBIND' },
  { level: 6, name: 4, intValue: 300, state: 'STATE_PREBIND' },
  { level: 6, name: 5, intValue: 30, state: 'STATE_PREBIND' },
  { level: 6, name: 6, intValue: 3, state: 'STATE_PREBIND' },
];
