#!/usr/bin/env node
/**
 * A controller for tests: the real model, translation and ADS server, fed over HTTP. Prints one line once it serves.
 * `POST /updates` takes a JSON array of model updates and answers when every client has acknowledged the outcome.
 *
 *   node test/agent/support/control-plane-main.ts 0.0.0.0:18000 127.0.0.1:18001
 */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { pino } from 'pino';
import { Pipeline } from '../../../src/controller/pipeline.ts';
import { ModelStore, type ModelUpdate } from '../../../src/model/model.ts';
import { grpcResolver } from '../../../src/translate/grpc.ts';
import { defaultSettings } from '../../../src/translate/settings.ts';
import { ResourceCache } from '../../../src/xds/cache/resource-cache.ts';
import { AdsServer } from '../../../src/xds/server/ads-server.ts';

const [xdsAddress = '127.0.0.1:18000', httpAddress = '127.0.0.1:18001'] = process.argv.slice(2);
const model = new ModelStore();
const cache = new ResourceCache({ resolve: grpcResolver(model) });
const pipeline = new Pipeline({ model, settings: defaultSettings, sink: cache, onProblems: () => {} });
const logger = pino({ level: 'debug' }, pino.destination(2));
const server = new AdsServer({ cache, viewOf: ({ id }) => ({ nodeName: id, zone: '' }), logger });
let isListening = false;

/** Not before the first batch, as a real controller waits for its lists. */
async function apply(updates: readonly ModelUpdate[]): Promise<void> {
  const change = model.apply(updates);
  if (change !== undefined) pipeline.apply(change);
  if (!isListening) await server.listen(xdsAddress);
  isListening = true;
  await server.settled();
}

const [host = '', port = ''] = httpAddress.split(':');
createServer((request, response) => {
  json(request)
    .then((updates) => apply(updates as readonly ModelUpdate[]))
    .then(
      () => response.end('applied\n'),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
}).listen(Number(port), host, () => process.stdout.write('ready\n'));
