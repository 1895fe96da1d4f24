#!/usr/bin/env node
/**
 * Receives traces over OTLP/gRPC and keeps the latest spans. `GET /traces/ID` gives a trace's spans, `GET /traces/ID/tree`
 * a tree to read, `GET /traces` the ids. Prints its ports as one line of JSON once it serves.
 *
 *   node test/testbed/otlp-collector.ts --grpc 0.0.0.0:4317 --http 127.0.0.1:4319
 */
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { portOf } from './echo/control.ts';
import { type ExportRequest, type Span, spansOf } from './otlp/span.ts';
import { traceTree } from './otlp/tree.ts';

const keptSpans = 10_000;

const { values } = parseArgs({
  options: {
    grpc: { type: 'string', default: '0.0.0.0:4317' },
    http: { type: 'string', default: '127.0.0.1:4319' },
  },
});

let spans: readonly Span[] = [];
const receiver = await listenGrpc(values.grpc);
const reader = await listenHttp(values.http);
process.stdout.write(`${JSON.stringify({ grpc: receiver, http: portOf(reader) })}\n`);
process.once('SIGTERM', () => process.exit(0));

function exportTraces(call: grpc.ServerUnaryCall<ExportRequest, object>, callback: grpc.sendUnaryData<object>): void {
  spans = [...spans, ...spansOf(call.request)].slice(-keptSpans);
  callback(null, {});
}

function listenGrpc(address: string): Promise<number> {
  const proto = fileURLToPath(new URL('./protos/otlp-trace.proto', import.meta.url));
  const definition = loadSync(proto, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });
  const service = definition['opentelemetry.proto.collector.trace.v1.TraceService'] as grpc.ServiceDefinition;
  const server = new grpc.Server();
  server.addService(service, { Export: exportTraces });
  return new Promise((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

function listenHttp(address: string): Promise<http.Server> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const server = http.createServer((request, response) => {
    const answer = read(request.url ?? '');
    response.writeHead(answer === undefined ? 404 : 200);
    response.end(typeof answer === 'string' ? answer : `${JSON.stringify(answer ?? null)}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(port), hostname, () => resolve(server));
  });
}

function read(path: string): string | readonly unknown[] | undefined {
  const [root, id, view, ...rest] = path.split('/').slice(1);
  if (root !== 'traces' || rest.length > 0) return undefined;
  if (id === undefined) return [...new Set(spans.map((span) => span.traceId))];
  const trace = spans.filter((span) => span.traceId === id);
  if (view === undefined) return trace;
  return view === 'tree' ? `${traceTree(trace).join('\n')}\n` : undefined;
}
