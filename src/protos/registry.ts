import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** A message in protobufjs' object form: camelCase fields, enums by name, `Any` as an object with `@type`. */
export type MessageObject = object;

let root: protobuf.Root | undefined;

/** The loaded descriptors of every message of Envoy and of protos/ that the program names. */
export function protoRoot(): protobuf.Root {
  root ??= loadRoot();
  return root;
}

function loadRoot(): protobuf.Root {
  const json = readFileSync(new URL('./generated/descriptors.json', import.meta.url), 'utf8');
  const loaded = protobuf.Root.fromJSON(JSON.parse(json) as protobuf.INamespace);
  loaded.resolveAll();
  return loaded;
}

/** @throws when no such message is loaded */
export function messageType(name: string): protobuf.Type {
  return protoRoot().lookupType(name);
}

/** Deterministic for one object: fields in order of number, map keys in order of insertion. */
export function encodeMessage(name: string, message: MessageObject): Uint8Array {
  const type = messageType(name);
  return type.encode(type.fromObject(message as Record<string, unknown>)).finish();
}

export function decodeMessage<T extends object>(name: string, bytes: Uint8Array): T {
  const type = messageType(name);
  return type.toObject(type.decode(bytes), { longs: Number, enums: String, json: true }) as T;
}

/** `envoy.config.cluster.v3.Cluster` of `type.googleapis.com/envoy.config.cluster.v3.Cluster`. */
export function messageNameOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}
