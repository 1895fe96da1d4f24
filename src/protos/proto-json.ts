import protobuf from 'protobufjs';
import { type MessageObject, messageNameOf, messageType } from './registry.ts';

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * A message in the JSON mapping of protobuf (https://protobuf.dev/programming-guides/json/) with the field names of
 * the .proto files, as Envoy's documentation writes them and Envoy itself reads them.
 */
export function toProtoJson(name: string, message: MessageObject): Json {
  return messageToJson(messageType(name), message as Record<string, unknown>);
}

function messageToJson(type: protobuf.Type, message: Record<string, unknown>): Json {
  const special = specialToJson(type, message);
  if (special !== undefined) return special;
  const result: Record<string, Json> = {};
  for (const [key, value] of Object.entries(message)) {
    const field = type.fields[key];
    if (field === undefined || value === undefined || value === null) continue;
    result[snakeCase(key)] = fieldToJson(field.resolve(), value);
  }
  return result;
}

function specialToJson(type: protobuf.Type, message: Record<string, unknown>): Json | undefined {
  const name = type.fullName.slice(1);
  if (name === 'google.protobuf.Any') return anyToJson(message);
  if (name === 'google.protobuf.Duration') return durationToJson(message);
  if (name === 'google.protobuf.Struct') return structToJson(message as StructMessage);
  if (name === 'google.protobuf.Value') return valueToJson(message as ValueMessage);
  if (/^google\.protobuf\.\w+Value$/.test(name)) return (message.value ?? defaultOf(type)) as Json;
  return undefined;
}

function defaultOf(wrapper: protobuf.Type): unknown {
  return wrapper.fields.value?.resolve().defaultValue;
}

function anyToJson(message: Record<string, unknown>): Json {
  const typeUrl = message['@type'];
  if (typeof typeUrl !== 'string') return null;
  const body = messageToJson(messageType(messageNameOf(typeUrl)), message);
  return { '@type': typeUrl, ...(body as Record<string, Json>) };
}

interface StructMessage {
  readonly fields?: Readonly<Record<string, ValueMessage>>;
}

interface ValueMessage {
  readonly numberValue?: number;
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly structValue?: StructMessage;
  readonly listValue?: { readonly values?: readonly ValueMessage[] };
}

function structToJson({ fields = {} }: StructMessage): Json {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, valueToJson(value)]));
}

function valueToJson(value: ValueMessage): Json {
  const { structValue, listValue } = value;
  if (structValue !== undefined) return structToJson(structValue);
  if (listValue !== undefined) return (listValue.values ?? []).map(valueToJson);
  return value.stringValue ?? value.numberValue ?? value.boolValue ?? null;
}

function durationToJson(message: Record<string, unknown>): Json {
  const nanos = String(Number(message.nanos ?? 0))
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${Number(message.seconds ?? 0)}${nanos === '' ? '' : `.${nanos}`}s`;
}

function fieldToJson(field: protobuf.Field, value: unknown): Json {
  if (field instanceof protobuf.MapField) {
    const entries = Object.entries(value as Record<string, unknown>);
    return Object.fromEntries(entries.map(([key, item]) => [key, itemToJson(field, item)]));
  }
  if (field.repeated) return (value as readonly unknown[]).map((item) => itemToJson(field, item));
  return itemToJson(field, value);
}

function itemToJson(field: protobuf.Field, value: unknown): Json {
  if (field.resolvedType instanceof protobuf.Type) {
    return messageToJson(field.resolvedType, value as Record<string, unknown>);
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value as Json;
}

/** protobufjs turned `foo_bar` into `fooBar`; this turns it back. */
function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
