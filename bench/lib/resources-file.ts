import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { ModelStore } from '../../src/model/model.ts';
import { encodeMessage } from '../../src/protos/registry.ts';
import { messageNameOf, typeUrls } from '../../src/protos/type-urls.ts';
import { defaultSettings } from '../../src/translate/settings.ts';
import { type NamedMessage, translate } from '../../src/translate/translate.ts';
import { allUpdates, type ClusterSize } from './synthetic.ts';

/** Writes what our server would send to an Envoy, for the peer to serve: length-delimited google.protobuf.Any. */
export function resourcesFile(size: ClusterSize): string {
  const model = new ModelStore();
  model.apply(allUpdates(size));
  const { listeners, clusters, endpoints } = translate(model, { nodeName: 'node-0', zone: '' }, defaultSettings);
  const path = fileURLToPath(new URL('../../.cache/bench/resources.bin', import.meta.url));
  mkdirSync(dirname(path), { recursive: true });
  const parts = [
    ...listeners.map((message) => anyOf(typeUrls.listener, message)),
    ...clusters.map((message) => anyOf(typeUrls.cluster, message)),
    ...endpoints.map((message) => anyOf(typeUrls.endpoint, message)),
  ];
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

function anyOf(typeUrl: string, { message }: NamedMessage): Uint8Array {
  const writer = protobuf.Writer.create().fork();
  writer.uint32(10).string(typeUrl);
  writer.uint32(18).bytes(encodeMessage(messageNameOf(typeUrl), message));
  return writer.ldelim().finish();
}
