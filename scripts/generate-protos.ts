// Generates src/protos/generated: one JSON descriptor that the registry loads at run time, and TypeScript types of every
// message. Envoy's messages are those of the Envoy binary itself, so that the program knows exactly the fields which that
// Envoy knows; none are kept here.
// Usage: generate-protos.ts [ENVOY]     (default: .cache/bin/envoy)
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor.js';
import { descriptorsIn, withImports } from './protos/envoy-descriptors.ts';
import { typeFilesOf } from './protos/message-types.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const envoy = process.argv[2] ?? join(root, '.cache/bin/envoy');

/** Envoy's files that hold the messages the program names; what they import follows. */
const envoyFiles = [
  'envoy/service/discovery/v3/ads.proto',
  'envoy/config/bootstrap/v3/bootstrap.proto',
  'envoy/config/listener/v3/listener.proto',
  'envoy/config/listener/v3/api_listener.proto',
  'envoy/config/route/v3/route.proto',
  'envoy/config/route/v3/scoped_route.proto',
  'envoy/config/cluster/v3/cluster.proto',
  'envoy/config/endpoint/v3/endpoint.proto',
  'envoy/config/trace/v3/opentelemetry.proto',
  'envoy/extensions/access_loggers/file/v3/file.proto',
  'envoy/extensions/access_loggers/stream/v3/stream.proto',
  'envoy/extensions/filters/http/on_demand/v3/on_demand.proto',
  'envoy/extensions/filters/http/router/v3/router.proto',
  'envoy/extensions/filters/listener/original_src/v3/original_src.proto',
  'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
  'envoy/extensions/filters/network/set_filter_state/v3/set_filter_state.proto',
  'envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto',
  'envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation.proto',
  'envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case.proto',
  'envoy/extensions/load_balancing_policies/least_request/v3/least_request.proto',
  'envoy/extensions/load_balancing_policies/maglev/v3/maglev.proto',
  'envoy/extensions/load_balancing_policies/random/v3/random.proto',
  'envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash.proto',
  'envoy/extensions/load_balancing_policies/round_robin/v3/round_robin.proto',
  'envoy/extensions/request_id/uuid/v3/uuid.proto',
  'envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.proto',
  'envoy/extensions/upstreams/http/v3/http_protocol_options.proto',
];

/** The project's own, below protos/. */
const ownFiles = ['fairlead/node/v1/node.proto'];

const loaded = protobuf.Root.fromDescriptor({ file: [...withImports(descriptorsIn(readFileSync(envoy)), envoyFiles)] });
// What they import of Envoy's or protobuf's own is there already.
loaded.resolvePath = (_origin, target) => (ownFiles.includes(target) ? join(root, 'protos', target) : null);
loaded.loadSync([...ownFiles]);
loaded.resolveAll();

const out = join(root, 'src/protos/generated');
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'descriptors.json'), JSON.stringify(withoutOptions(loaded.toJSON({ keepComments: false }))));
for (const { path, text } of typeFilesOf(loaded)) {
  const file = join(out, 'types', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Of all options only `packed` changes what is encoded, and the syntax decides on that. */
function withoutOptions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOptions);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => key !== 'options' || 'type' in Object(inner));
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutOptions(inner)]));
}
