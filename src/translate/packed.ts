import type { OpenTelemetryConfig } from '../protos/generated/types/envoy/config/trace/v3/OpenTelemetryConfig.ts';
import type { FileAccessLog } from '../protos/generated/types/envoy/extensions/access_loggers/file/v3/FileAccessLog.ts';
import type { StdoutAccessLog } from '../protos/generated/types/envoy/extensions/access_loggers/stream/v3/StdoutAccessLog.ts';
import type { OnDemand } from '../protos/generated/types/envoy/extensions/filters/http/on_demand/v3/OnDemand.ts';
import type { Router } from '../protos/generated/types/envoy/extensions/filters/http/router/v3/Router.ts';
import type { OriginalSrc } from '../protos/generated/types/envoy/extensions/filters/listener/original_src/v3/OriginalSrc.ts';
import type { HttpConnectionManager } from '../protos/generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import type { Config as SetFilterState } from '../protos/generated/types/envoy/extensions/filters/network/set_filter_state/v3/Config.ts';
import type { TcpProxy } from '../protos/generated/types/envoy/extensions/filters/network/tcp_proxy/v3/TcpProxy.ts';
import type { HeaderMutation } from '../protos/generated/types/envoy/extensions/http/early_header_mutation/header_mutation/v3/HeaderMutation.ts';
import type { PreserveCaseFormatterConfig } from '../protos/generated/types/envoy/extensions/http/header_formatters/preserve_case/v3/PreserveCaseFormatterConfig.ts';
import type { UuidRequestIdConfig } from '../protos/generated/types/envoy/extensions/request_id/uuid/v3/UuidRequestIdConfig.ts';
import type { PreviousHostsPredicate } from '../protos/generated/types/envoy/extensions/retry/host/previous_hosts/v3/PreviousHostsPredicate.ts';
import type { HttpProtocolOptions } from '../protos/generated/types/envoy/extensions/upstreams/http/v3/HttpProtocolOptions.ts';

/** The messages that travel inside a google.protobuf.Any, by their full names. */
interface Packable {
  'envoy.config.trace.v3.OpenTelemetryConfig': OpenTelemetryConfig;
  'envoy.extensions.access_loggers.file.v3.FileAccessLog': FileAccessLog;
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': StdoutAccessLog;
  'envoy.extensions.filters.http.on_demand.v3.OnDemand': OnDemand;
  'envoy.extensions.filters.http.router.v3.Router': Router;
  'envoy.extensions.filters.listener.original_src.v3.OriginalSrc': OriginalSrc;
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': HttpConnectionManager;
  'envoy.extensions.filters.network.set_filter_state.v3.Config': SetFilterState;
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': TcpProxy;
  'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation': HeaderMutation;
  'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig': PreserveCaseFormatterConfig;
  'envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig': UuidRequestIdConfig;
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate': PreviousHostsPredicate;
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': HttpProtocolOptions;
}

/** A message as a google.protobuf.Any, in the object form that the registry encodes. */
export function packed<N extends keyof Packable>(name: N, message: Packable[N]): { readonly '@type': string } {
  return { '@type': `type.googleapis.com/${name}`, ...message };
}
