import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Span } from './otlp/span.ts';
import { type OwnScript, startOwnScript } from './own-script.ts';

type Ports = { readonly grpc: number; readonly http: number };
let script: OwnScript<Ports>;
let ports: Ports;

beforeAll(async () => {
  script = await startOwnScript<Ports>('./otlp-collector.ts', ['--grpc', '127.0.0.1:0', '--http', '127.0.0.1:0']);
  ports = script.announced;
});

afterAll(() => script.stop());

it('keeps what is exported to it', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  await exportSpan({
    trace_id: Buffer.from(traceId, 'hex'),
    span_id: Buffer.from('b7ad6b7169203331', 'hex'),
    name: 'shop/catalog/http',
    kind: 'SPAN_KIND_SERVER',
    start_time_unix_nano: '1700000000000500000',
    end_time_unix_nano: '1700000000002500000',
    attributes: [{ key: 'http.status_code', value: { string_value: '200' } }],
  });
  const trace = (await (await fetch(`http://127.0.0.1:${ports.http}/traces/${traceId}`)).json()) as Span[];
  expect(trace).toEqual([
    {
      traceId,
      spanId: 'b7ad6b7169203331',
      parentSpanId: '',
      name: 'shop/catalog/http',
      kind: 'server',
      startedAt: 1700000000000.5,
      endedAt: 1700000000002.5,
      error: false,
      attributes: { 'resource.service.name': 'test', 'http.status_code': '200' },
    },
  ]);
  const tree = await fetch(`http://127.0.0.1:${ports.http}/traces/${traceId}/tree`);
  expect(await tree.text()).toBe('shop/catalog/http  server  2.0 ms  200\n');
  expect(await (await fetch(`http://127.0.0.1:${ports.http}/traces`)).json()).toEqual([traceId]);
  expect((await fetch(`http://127.0.0.1:${ports.http}/spans`)).status).toBe(404);
});

function exportSpan(span: object): Promise<void> {
  const proto = fileURLToPath(new URL('./protos/otlp-trace.proto', import.meta.url));
  const definition = loadSync(proto, { keepCase: true });
  const service = definition['opentelemetry.proto.collector.trace.v1.TraceService'] as grpc.ServiceDefinition;
  const Client = grpc.makeGenericClientConstructor(service, 'TraceService');
  const client = new Client(`127.0.0.1:${ports.grpc}`, grpc.credentials.createInsecure());
  const attributes = [{ key: 'service.name', value: { string_value: 'test' } }];
  const request = { resource_spans: [{ resource: { attributes }, scope_spans: [{ spans: [span] }] }] };
  const call = client['Export'] as (request: object, done: (error: Error | null) => void) => void;
  return new Promise((resolve, reject) => {
    call.call(client, request, (error) => {
      client.close();
      if (error === null) resolve();
      else reject(error);
    });
  });
}
