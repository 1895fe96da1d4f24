import type { EffectivePolicy } from '../model/settings.ts';
import type { Cluster } from '../protos/generated/types/envoy/config/cluster/v3/Cluster.ts';
import type { HeaderMutation } from '../protos/generated/types/envoy/config/common/mutation_rules/v3/HeaderMutation.ts';
import type { HeaderValueOption } from '../protos/generated/types/envoy/config/core/v3/HeaderValueOption.ts';
import type { Route } from '../protos/generated/types/envoy/config/route/v3/Route.ts';
import type { HttpConnectionManager } from '../protos/generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import { connectionBufferBytes, durationOf, isIpAddress, socketAddress } from './common.ts';
import { setHeader } from './header-mutations.ts';
import { packed } from './packed.ts';
import type { TracingSettings } from './settings.ts';

export const collectorCluster = 'opentelemetry-collector';

/** Resource attribute `service.name` of the spans; their own names are the Services'. */
const serviceName = 'fairlead-envoy';

/** Holds the client's own x-request-id while Envoy samples by one that it generated. */
const requestIdHeader = 'x-fairlead-request-id';

/** Makes Envoy trace the request; x-envoy-force-trace would be dropped as not coming from inside. */
const forceTraceHeader = 'x-client-trace-id';

/** What only Envoy is to see of a request. */
export const tracingHeaders: readonly string[] = [requestIdHeader, forceTraceHeader];

const requestIdExtension = {
  typedConfig: packed('envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig', { packTraceReason: { value: false } }),
};

/** Without a collector x-request-id is not touched. */
export const untraced: HttpConnectionManager = { generateRequestId: { value: false }, requestIdExtension };

/**
 * Spans for every HTTP Service: one of kind server for the request as it came, below it one of kind client for each
 * try at an endpoint. The OpenTelemetry tracer reads and writes W3C trace context by itself. Envoy samples by the
 * digits of a UUID in x-request-id.
 */
export function tracingOf(settings: TracingSettings): HttpConnectionManager {
  return {
    generateRequestId: { value: true },
    requestIdExtension,
    tracing: {
      randomSampling: { value: settings.samplingPercent },
      spawnUpstreamSpan: { value: true },
      provider: {
        name: 'envoy.tracers.opentelemetry',
        typedConfig: packed('envoy.config.trace.v3.OpenTelemetryConfig', {
          grpcService: { envoyGrpc: { clusterName: collectorCluster }, timeout: durationOf(1000) },
          serviceName,
        }),
      },
    },
  };
}

const parent = "request.headers['traceparent']";

/**
 * A trace that the client samples is not cut off by a lower sampling rate here: the tracer follows an unsampled parent by
 * itself, but not a sampled one. The sampled flag is the last bit of traceparent, the one before it is also in use
 * (W3C Trace Context, trace-flags). Empty, which adds no header, when there is no such parent.
 */
const sampledParent = `%CEL('traceparent' in request.headers && (${parent}.endsWith('1') || ${parent}.endsWith('3')) ? '1' : '')%`;

/** The client's own x-request-id need not be a UUID: it is set aside, and put back by the route. */
export function tracingMutations(): readonly HeaderMutation[] {
  return [
    { remove: forceTraceHeader },
    setHeader(forceTraceHeader, sampledParent),
    { remove: requestIdHeader },
    setHeader(requestIdHeader, '%REQ(x-request-id)%'),
    { remove: 'x-request-id' },
  ];
}

/** A header that would be empty is not touched; what a virtual host adds comes before what its configuration removes. */
export const originalRequestId = {
  header: { key: 'x-request-id', value: `%REQ(${requestIdHeader})%` },
  appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
} as const satisfies HeaderValueOption;

/** The name of a Service's spans, and its own sampling where it has one. */
export function routeTracingOf(
  operation: string,
  { tracingSamplingPercent: { value } }: EffectivePolicy,
): Pick<Route, 'decorator' | 'tracing'> {
  const named = { decorator: { operation, propagate: { value: false } } };
  if (value === undefined) return named;
  const numerator = Math.round(value * 10_000);
  return { ...named, tracing: { randomSampling: { numerator, denominator: 'MILLION' } } };
}

export function collectorClusterOf({ collector }: TracingSettings): Cluster {
  return {
    name: collectorCluster,
    type: isIpAddress(collector.address) ? 'STATIC' : 'STRICT_DNS',
    connectTimeout: durationOf(1000),
    perConnectionBufferLimitBytes: { value: connectionBufferBytes },
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': packed(
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        { explicitHttpConfig: { http2ProtocolOptions: {} } },
      ),
    },
    loadAssignment: {
      clusterName: collectorCluster,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: socketAddress(collector.address, collector.port) } }] }],
    },
  };
}
