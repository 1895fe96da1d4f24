import type { Http1ProtocolOptions } from '../protos/generated/types/envoy/config/core/v3/Http1ProtocolOptions.ts';
import type { Http2ProtocolOptions } from '../protos/generated/types/envoy/config/core/v3/Http2ProtocolOptions.ts';
import { packed } from './packed.ts';

/** Envoy refuses messages with more than 100 headers unless told otherwise. */
export const maxHeaders = 1000;

/**
 * Messages arrive as they were sent: any method, the case of header names, reason phrases, trailers. Of a message with both framings
 * the length is dropped, as RFC 9112, 6.3 asks of a proxy; Envoy would refuse it.
 */
export const http1Options = {
  allowCustomMethods: true,
  allowChunkedLength: true,
  enableTrailers: true,
  headerKeyFormat: {
    statefulFormatter: {
      name: 'envoy.http.stateful_header_formatters.preserve_case',
      typedConfig: packed('envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig', {
        forwardReasonPhrase: true,
      }),
    },
  },
} as const satisfies Http1ProtocolOptions;

/**
 * Windows for a node's network (10 Gbit/s at 0.2 ms) instead of Envoy's 16 and 24 MiB, which a slow reader may fill.
 * `allowConnect` is WebSocket over HTTP/2 (RFC 8441).
 */
export const http2Options = {
  initialStreamWindowSize: { value: 262_144 },
  initialConnectionWindowSize: { value: 1_048_576 },
  allowConnect: true,
} as const satisfies Http2ProtocolOptions;
