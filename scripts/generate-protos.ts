// Generates src/protos/generated: one JSON descriptor that the registry loads at run time, and TypeScript
// types for every message. Envoy's .proto files come with the npm package @grpc/grpc-js-xds; none are kept here.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const envoyDeps = join(root, 'node_modules/@grpc/grpc-js-xds/deps');
const protobufjsDir = dirname(require.resolve('protobufjs/package.json'));

// protobufjs' own folder is last: it holds google/protobuf/*.proto, which the others import.
const includeDirs = [
  join(root, 'protos'),
  join(envoyDeps, 'envoy-api'),
  join(envoyDeps, 'xds'),
  join(envoyDeps, 'googleapis'),
  join(envoyDeps, 'protoc-gen-validate'),
  protobufjsDir,
];

/** Files that hold the messages the program names; what they import follows. */
const files = [
  'fairlead/node/v1/node.proto',
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

const out = join(root, 'src/protos/generated');
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const loaded = new protobuf.Root();
loaded.resolvePath = (_origin, target) => {
  const found = includeDirs.map((dir) => join(dir, target)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${target} is in none of ${includeDirs.join(', ')}`);
  return found;
};
loaded.loadSync(files);
loaded.resolveAll();
writeFileSync(join(out, 'descriptors.json'), JSON.stringify(loaded.toJSON({ keepComments: false })));

execFileSync(
  process.execPath,
  [
    join(dirname(require.resolve('@grpc/proto-loader/package.json')), 'build/bin/proto-loader-gen-types.js'),
    '--longs=Number',
    '--enums=String',
    '--json',
    '--targetFileExtension=.ts',
    '--importFileExtension=.ts',
    ...includeDirs.map((dir) => `--includeDirs=${dir}`),
    `--outDir=${join(out, 'types')}`,
    ...files,
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
