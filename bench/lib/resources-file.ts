import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { ModelStore } from '../../src/model/model.ts';
import { encodeMessage, messageNameOf } from '../../src/protos/registry.ts';
import { typeUrls } from '../../src/resources/type-urls.ts';
import { defaultSettings } from '../../src/translate/settings.ts';
import { type NamedMessage, translate } from '../../src/translate/translate.ts';
import { allUpdates, type ClusterSize } from './synthetic.ts';

/**
 * Writes what the clients of these benchmarks may ask for, as our server would send it, for the peer to serve:
 * length-delimited google.protobuf.Any. What our server also has, for gRPC clients, agents and as routes, the peer is spared.
 */
export function resourcesFile(size: ClusterSize): string {
  const model = new ModelStore();
  model.apply(allUpdates(size));
  const { listeners, clusters, endpoints } = translate(model, { nodeName: 'node-0', zone: '' }, defaultSettings);
  const path = fileURLToPath(new URL('../../.cache/bench/resources.bin', import.meta.url));
  mkdirSync(dirname(path), { recursive: true });
  const lists = [
    [typeUrls.listener, listeners],
    [typeUrls.cluster, clusters],
    [typeUrls.endpoint, endpoints],
  ] as const;
  const parts = lists.flatMap(([typeUrl, messages]) =>
    messages.filter(({ name }) => !isForGrpc(name)).map((message) => anyOf(typeUrl, message)),
  );
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

/** `namespace/name:port`; Envoy's are named by address. */
function isForGrpc(name: string): boolean {
  return name.includes('/');
}

function anyOf(typeUrl: string, { message }: NamedMessage): Uint8Array {
  const writer = protobuf.Writer.create().fork();
  writer.uint32(10).string(typeUrl);
  writer.uint32(18).bytes(encodeMessage(messageNameOf(typeUrl), message));
  return writer.ldelim().finish();
}
