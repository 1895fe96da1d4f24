import { hash } from 'node:crypto';
import { encodeMessage, type MessageObject, messageNameOf } from '../../protos/registry.ts';
import { type Digest, digestOf } from '../../resources/digest.ts';
import type { ResourceName } from '../../resources/resource-name.ts';
import { bytesField, concat, stringField } from './wire-format.ts';

/** One version of a resource, encoded once; its bytes are shared by every stream. */
export interface EncodedResource {
  readonly name: string;
  /** Hash of the content: equal in every replica and after every restart. */
  readonly version: string;
  /** Number of this content within its resource, in the order of building; what streams remember instead of the version. */
  readonly stamp: number;
  /** Of name and version. */
  readonly digest: Digest;
  /** `resources = 2` of a DeltaDiscoveryResponse: a `Resource` with tag and length. */
  readonly deltaField: Uint8Array;
  /** `resources = 2` of a DiscoveryResponse: an `Any` with tag and length. Part of `deltaField`, as the tags are equal. */
  readonly sotwField: Uint8Array;
}

/** 66 bits, as short as they may be: they are in the first request after a reconnect, for every resource. */
const versionLength = 11;

export interface Content {
  readonly version: string;
  readonly body: Uint8Array;
}

/** @throws what protobufjs says when the message does not fit its type */
export function encodeContent(typeUrl: string, message: MessageObject): Content {
  const body = encodeMessage(messageNameOf(typeUrl), message);
  return { body, version: hash('sha256', body, 'base64url').slice(0, versionLength) };
}

export function frameResource({ typeUrl, name }: ResourceName, content: Content, stamp: number): EncodedResource {
  const sotw = bytesField(2, concat([stringField(1, typeUrl), bytesField(2, content.body)]));
  const nameField = stringField(3, name);
  const deltaField = bytesField(2, concat([stringField(1, content.version), sotw, nameField]));
  const end = deltaField.length - nameField.length;
  return new FramedResource({ name, content, stamp, deltaField, start: end - sotw.length, end });
}

interface Frame {
  readonly name: string;
  readonly content: Content;
  readonly stamp: number;
  readonly deltaField: Uint8Array;
  /** Of the state-of-the-world field in the delta field. */
  readonly start: number;
  readonly end: number;
}

/** A view of the bytes takes 100 bytes of its own, so the one that few clients need is made when it is asked for. */
class FramedResource implements EncodedResource {
  readonly name: string;
  readonly version: string;
  readonly stamp: number;
  readonly digest: Digest;
  readonly deltaField: Uint8Array;
  readonly #start: number;
  readonly #end: number;

  constructor({ name, content, stamp, deltaField, start, end }: Frame) {
    this.name = name;
    this.version = content.version;
    this.stamp = stamp;
    this.digest = digestOf(name, content.version);
    this.deltaField = deltaField;
    this.#start = start;
    this.#end = end;
  }

  get sotwField(): Uint8Array {
    return this.deltaField.subarray(this.#start, this.#end);
  }
}
