import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/protos/registry.ts';
import { typeUrls } from '../../src/resources/type-urls.ts';
import { streamingMethod } from '../support/streaming-method.ts';
import { viewOf } from './support/fake-controller.ts';
import { Recorder } from './support/recorder.ts';

interface DeltaRequest {
  readonly initialResourceVersions?: Readonly<Record<string, string>>;
  readonly resourceNamesSubscribe?: readonly string[];
  readonly responseNonce?: string;
}

const deltaMethod = streamingMethod('/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources');

function response(nonce: string, fields: object): Buffer {
  const message = { typeUrl: typeUrls.serviceView, nonce, ...fields };
  return Buffer.from(encodeMessage('envoy.service.discovery.v3.DeltaDiscoveryResponse', message));
}

/** Answers the first request with a view, and after its acknowledgement with what does not exist. */
function serveDelta(stream: ServerDuplexStream<Buffer, Buffer>, requests: DeltaRequest[]): void {
  const { name, version, body } = viewOf('a');
  stream.on('data', (bytes: Buffer) => {
    const request = decodeMessage<DeltaRequest>('envoy.service.discovery.v3.DeltaDiscoveryRequest', bytes);
    requests.push(request);
    const resource = { type_url: typeUrls.serviceView, value: body };
    if (request.responseNonce === undefined) stream.write(response('1', { resources: [{ name, version, resource }] }));
    if (request.responseNonce !== '1') return;
    const removedResources = request.resourceNamesSubscribe?.filter((asked) => asked !== '*');
    stream.write(response('2', { removedResources }));
  });
}

const server = new Server();
let recorder: Recorder | undefined;

afterEach(() => {
  recorder?.client.stop();
  server.forceShutdown();
});

it('speaks plain delta ADS with a controller that has no NodeDiscovery', async () => {
  const requests: DeltaRequest[] = [];
  server.addService(
    { delta: deltaMethod },
    { delta: (stream: ServerDuplexStream<Buffer, Buffer>) => serveDelta(stream, requests) },
  );
  const port = await new Promise<number>((resolve) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, bound) => resolve(bound));
  });
  const agent = new Recorder([port]);
  recorder = agent;
  agent.client.start();
  await agent.until(() => agent.complete.at(-1) === true);
  expect([...agent.known.keys()]).toEqual(['default/a']);
  expect(requests[0]?.resourceNamesSubscribe).toContain('*');
  expect(agent.connections.map(({ kind }) => kind)).toEqual(['Connecting', 'Connecting', 'Connected']);
});
