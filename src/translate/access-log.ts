import type { AccessLog } from '../protos/generated/types/envoy/config/accesslog/v3/AccessLog.ts';
import type { SubstitutionFormatString } from '../protos/generated/types/envoy/config/core/v3/SubstitutionFormatString.ts';
import { packed } from './packed.ts';
import type { AccessLogTarget } from './settings.ts';

/** Envoy prints the cluster's alt_stat_name for %UPSTREAM_CLUSTER%: `namespace/name/port`. */
const connectionFields = {
  time: '%START_TIME%',
  service: '%UPSTREAM_CLUSTER%',
  destination: '%DOWNSTREAM_LOCAL_ADDRESS%',
  client: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
  endpoint: '%UPSTREAM_HOST%',
  flags: '%RESPONSE_FLAGS%',
  duration_ms: '%DURATION%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  upstream_failure: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
};

const requestFields = {
  method: '%REQ(:METHOD)%',
  path: '%REQ(:PATH)%',
  authority: '%REQ(:AUTHORITY)%',
  protocol: '%PROTOCOL%',
  status: '%RESPONSE_CODE%',
  details: '%RESPONSE_CODE_DETAILS%',
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  trace_id: '%TRACE_ID%',
};

/** One line of JSON for each connection. */
export function tcpAccessLogOf(target: AccessLogTarget): AccessLog[] {
  return accessLogOf(target, connectionFields);
}

/** One line of JSON for each request. */
export function httpAccessLogOf(target: AccessLogTarget): AccessLog[] {
  return accessLogOf(target, { ...connectionFields, ...requestFields });
}

function accessLogOf(target: AccessLogTarget, fields: Readonly<Record<string, string>>): AccessLog[] {
  const logFormat = jsonFormat(fields);
  switch (target.kind) {
    case 'None':
      return [];
    case 'Stdout': {
      const typedConfig = packed('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', { logFormat });
      return [{ name: 'envoy.access_loggers.stdout', typedConfig }];
    }
    case 'File': {
      const config = { path: target.path, logFormat };
      const typedConfig = packed('envoy.extensions.access_loggers.file.v3.FileAccessLog', config);
      return [{ name: 'envoy.access_loggers.file', typedConfig }];
    }
  }
}

function jsonFormat(fields: Readonly<Record<string, string>>): SubstitutionFormatString {
  const values = Object.entries(fields).map(([key, stringValue]) => [key, { stringValue }]);
  return { jsonFormat: { fields: Object.fromEntries(values) } };
}
