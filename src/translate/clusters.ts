import type { AppProtocol } from '../model/service.ts';
import { effectivePolicy } from '../model/settings.ts';
import type { Cluster } from '../protos/generated/types/envoy/config/cluster/v3/Cluster.ts';
import type { HttpProtocolOptions } from '../protos/generated/types/envoy/extensions/upstreams/http/v3/HttpProtocolOptions.ts';
import type { ResourceName } from '../resources/resource-name.ts';
import { typeUrls } from '../resources/type-urls.ts';
import type { Backend } from './backend.ts';
import { circuitBreakersOf } from './circuit-breaker.ts';
import { adsSource, connectionBufferBytes, durationOf } from './common.ts';
import { http1Options, http2Options, maxHeaders } from './http-options.ts';
import { lbPolicyOf } from './load-balancing.ts';
import { NamedEntry } from './named-entry.ts';
import { statNameOf } from './names.ts';
import { outlierDetectionOf } from './outlier-detection.ts';
import { packed } from './packed.ts';
import { connectTimeoutOf } from './timeouts.ts';

/**
 * Idle HTTP connections to an endpoint are closed before the endpoint does it, or a request may run into the close.
 * 5 s is the shortest among common servers (Node.js, uvicorn, Apache); HTTP/2 servers announce it (GOAWAY).
 */
const http1IdleMs = 4000;
const http2IdleMs = 300_000;

/** Dead peers are found after 5 minutes of silence and 3 probes, half a minute apart. */
const tcpKeepalive = { keepaliveTime: { value: 300 }, keepaliveInterval: { value: 30 }, keepaliveProbes: { value: 3 } };

/** Below this part of healthy endpoints all are used: only when every one is ejected. */
const panicThreshold = { value: 1 };

/** With Envoy's default, an endpoint that fails within a second of another change keeps failing requests for that second. */
const noMergeWindow = durationOf(0);

export class ClusterEntry extends NamedEntry<Backend> {
  get typeUrl(): string {
    return typeUrls.cluster;
  }

  /** A new or changed cluster warms until its endpoints come (https://github.com/envoyproxy/envoy/issues/13009). */
  get refreshes(): readonly ResourceName[] {
    return [{ typeUrl: typeUrls.endpoint, name: this.name }];
  }

  override build(): Cluster {
    return clusterOf(this.subject);
  }
}

/** What changes often is in the endpoints: when a cluster changes, Envoy loses its connections and what it knows of hosts. */
function clusterOf(backend: Backend): Cluster {
  const policy = effectivePolicy(backend.service, backend.port);
  const outlierDetection = outlierDetectionOf(policy);
  return {
    name: backend.name,
    altStatName: statNameOf(backend),
    type: 'EDS',
    edsClusterConfig: { edsConfig: adsSource },
    connectTimeout: connectTimeoutOf(policy),
    perConnectionBufferLimitBytes: { value: connectionBufferBytes },
    lbPolicy: lbPolicyOf(policy),
    commonLbConfig: { healthyPanicThreshold: panicThreshold, updateMergeWindow: noMergeWindow },
    circuitBreakers: circuitBreakersOf(policy),
    ...(outlierDetection === undefined ? {} : { outlierDetection }),
    upstreamConnectionOptions: { tcpKeepalive },
    ignoreHealthOnHostRemoval: true,
    ...httpOf(backend),
  };
}

function httpOf({ port }: Backend): Pick<Cluster, 'typedExtensionProtocolOptions'> {
  if (port.appProtocol === 'tcp') return {};
  const name = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return { typedExtensionProtocolOptions: { [name]: packed(name, httpProtocolOf(port.appProtocol)) } };
}

/**
 * `http` uses the protocol that the client used, so that HTTP/2 with prior knowledge works where a server takes
 * both. A WebSocket opens by an HTTP/1.1 upgrade.
 */
function httpProtocolOf(protocol: AppProtocol): HttpProtocolOptions {
  const http2 = protocol === 'http2' || protocol === 'grpc';
  const commonHttpProtocolOptions = {
    idleTimeout: durationOf(http2 ? http2IdleMs : http1IdleMs),
    maxHeadersCount: { value: maxHeaders },
  };
  if (http2) return { commonHttpProtocolOptions, explicitHttpConfig: { http2ProtocolOptions: http2Options } };
  if (protocol === 'websocket') {
    return { commonHttpProtocolOptions, explicitHttpConfig: { httpProtocolOptions: http1Options } };
  }
  const useDownstreamProtocolConfig = { httpProtocolOptions: http1Options, http2ProtocolOptions: http2Options };
  return { commonHttpProtocolOptions, useDownstreamProtocolConfig };
}
