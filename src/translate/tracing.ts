import type { Tracing as TracingPolicy } from '../model/policy.ts';
import type { Cluster } from '../protos/generated/types/envoy/config/cluster/v3/Cluster.ts';
import type { Route } from '../protos/generated/types/envoy/config/route/v3/Route.ts';
import type { HttpConnectionManager } from '../protos/generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import { connectionBufferBytes, durationOf, isIpAddress, socketAddress } from './common.ts';
import { packed } from './packed.ts';
import type { TracingSettings } from './settings.ts';

export const collectorCluster = 'opentelemetry-collector';

/** Resource attribute `service.name` of the spans; their own names are the Services'. */
const serviceName = 'fairlead-envoy';

/**
 * Spans for every HTTP Service: one of kind server for the request as it came, below it one of kind client for each
 * try at an endpoint. The OpenTelemetry tracer reads and writes W3C trace context by itself.
 */
export function tracingOf(settings: TracingSettings): NonNullable<HttpConnectionManager['tracing']> {
  return {
    randomSampling: { value: settings.samplingPercent },
    spawnUpstreamSpan: { value: true },
    provider: {
      name: 'envoy.tracers.opentelemetry',
      typedConfig: packed('envoy.config.trace.v3.OpenTelemetryConfig', {
        grpcService: { envoyGrpc: { clusterName: collectorCluster }, timeout: durationOf(1000) },
        serviceName,
      }),
    },
  };
}

/** The name of a Service's spans, and its own sampling where it has one. */
export function routeTracingOf(name: string, policy: TracingPolicy | undefined): Pick<Route, 'decorator' | 'tracing'> {
  const decorator = { operation: name, propagate: { value: false } };
  if (policy === undefined) return { decorator };
  const numerator = Math.round(policy.samplingPercent * 10_000);
  return { decorator, tracing: { randomSampling: { numerator, denominator: 'MILLION' } } };
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
