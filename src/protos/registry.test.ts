import { describe, expect, it } from 'vitest';
import { toProtoJson } from './proto-json.ts';
import { decodeMessage, encodeMessage } from './registry.ts';

const cluster = {
  name: '10.96.0.10:80',
  connectTimeout: { seconds: 1, nanos: 500_000_000 },
  perConnectionBufferLimitBytes: { value: 32_768 },
  lbPolicy: 'LEAST_REQUEST',
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicitHttpConfig: { http2ProtocolOptions: {} },
    },
  },
};

describe('the registry of messages', () => {
  it('encodes and decodes an Envoy message with an Any inside', () => {
    const bytes = encodeMessage('envoy.config.cluster.v3.Cluster', cluster);
    expect(decodeMessage('envoy.config.cluster.v3.Cluster', bytes)).toMatchObject(cluster);
  });

  it('names an unknown message', () => {
    expect(() => encodeMessage('envoy.Nothing', {})).toThrow(/envoy\.Nothing/);
  });

  it('prints a Struct as plain JSON', () => {
    const jsonFormat = {
      fields: {
        text: { stringValue: 'a' },
        none: { nullValue: 'NULL_VALUE' },
        list: {
          listValue: { values: [{ numberValue: 1 }, { structValue: { fields: { yes: { boolValue: true } } } }] },
        },
      },
    };
    expect(toProtoJson('envoy.config.core.v3.SubstitutionFormatString', { jsonFormat })).toEqual({
      json_format: { text: 'a', none: null, list: [1, { yes: true }] },
    });
  });

  it("prints protobuf's JSON mapping with the names of the .proto files", () => {
    expect(toProtoJson('envoy.config.cluster.v3.Cluster', cluster)).toEqual({
      name: '10.96.0.10:80',
      connect_timeout: '1.5s',
      per_connection_buffer_limit_bytes: 32_768,
      lb_policy: 'LEAST_REQUEST',
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
    });
  });
});
