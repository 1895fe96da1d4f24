import protobuf from 'protobufjs';
import { mostBuckets } from '../cache/bucket-digests.ts';
import type { Known } from './known.ts';
import type { NodeIdentity } from './node-identity.ts';
import { Texts } from './texts.ts';

/** What is used of a DeltaDiscoveryRequest. */
export interface DeltaRequest {
  readonly typeUrl: string;
  readonly node: NodeIdentity | undefined;
  readonly subscribe: Texts;
  readonly unsubscribe: readonly string[];
  /** What a returning client has: names, each followed by its version. */
  readonly initialVersions: Texts;
  /** Node discovery: what a returning client has, by digests. */
  readonly known?: Known | undefined;
  readonly nonce: string;
  /** Node discovery: messages that the client sends beside, encoded. */
  readonly reports?: readonly Uint8Array[] | undefined;
  /** Message of `error_detail`; a rejection if it is present at all, even if empty. */
  readonly error: string | undefined;
}

/** What is used of a DiscoveryRequest. */
export interface SotwRequest {
  readonly typeUrl: string;
  readonly node: NodeIdentity | undefined;
  readonly names: readonly string[];
  /** `version_info`: in the first request of a stream, whether the client has something from the stream before. */
  readonly version?: string;
  readonly nonce: string;
  readonly error: string | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

/** @throws RangeError or Error when the bytes are not such a message; also reads a NodeRequest, which has more fields */
export function readDeltaRequest(bytes: Buffer): DeltaRequest {
  const request: Mutable<DeltaRequest> = {
    typeUrl: '',
    node: undefined,
    subscribe: new Texts(bytes),
    unsubscribe: [],
    initialVersions: new Texts(bytes),
    known: undefined,
    reports: undefined,
    nonce: '',
    error: undefined,
  };
  readFields(bytes, {
    1: (reader) => (request.node = readNode(reader.bytes())),
    2: (reader) => (request.typeUrl = reader.string()),
    3: (reader) => addText(reader, request.subscribe),
    4: (reader) => request.unsubscribe.push(reader.string()),
    5: (reader) => addPair(reader, request.initialVersions),
    6: (reader) => (request.nonce = reader.string()),
    7: (reader) => (request.error = readStatus(reader.bytes())),
    100: (reader) => (request.known = readKnown(reader.bytes())),
    101: (reader) => (request.reports = [...(request.reports ?? []), reader.bytes()]),
  });
  return request;
}

/** @throws RangeError when the numbers do not fit each other */
function readKnown(bytes: Uint8Array): Known {
  const reader = protobuf.Reader.create(bytes);
  let buckets = 0;
  let digests: Uint8Array = new Uint8Array(0);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 0x08) buckets = reader.uint32();
    else if (tag === 0x12) digests = reader.bytes();
    else reader.skipType(tag & 7);
  }
  const isPowerOfTwo = buckets > 0 && (buckets & (buckets - 1)) === 0;
  if (!isPowerOfTwo || buckets > mostBuckets) throw new RangeError(`${buckets} buckets, not a power of two`);
  if (digests.length !== 8 * buckets) throw new RangeError(`${digests.length} bytes for ${buckets} buckets`);
  return { buckets, digests: Buffer.from(digests) };
}

/** @throws RangeError or Error when the bytes are not such a message */
export function readSotwRequest(bytes: Uint8Array): SotwRequest {
  const request: Mutable<SotwRequest> = { typeUrl: '', node: undefined, names: [], nonce: '', error: undefined };
  readFields(bytes, {
    1: (reader) => (request.version = reader.string()),
    2: (reader) => (request.node = readNode(reader.bytes())),
    3: (reader) => request.names.push(reader.string()),
    4: (reader) => (request.typeUrl = reader.string()),
    5: (reader) => (request.nonce = reader.string()),
    6: (reader) => (request.error = readStatus(reader.bytes())),
  });
  return request;
}

type FieldReaders = Readonly<Record<number, (reader: protobuf.Reader) => unknown>>;

/** Only fields of wire type 2 are named; the others, and unknown ones, are skipped. */
function readFields(bytes: Uint8Array, fields: FieldReaders): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const read = (tag & 7) === 2 ? fields[tag >>> 3] : undefined;
    if (read === undefined) reader.skipType(tag & 7);
    else read(reader);
  }
}

function addText(reader: protobuf.Reader, texts: Texts): void {
  const start = skipText(reader);
  texts.add(start, reader.pos);
}

/** @returns where it starts; it ends where the reader is then */
function skipText(reader: protobuf.Reader): number {
  const length = reader.uint32();
  const start = reader.pos;
  reader.skip(length);
  return start;
}

/** An entry of a `map<string, string>`. The two fields come in order from every known encoder; others are read too. */
function addPair(reader: protobuf.Reader, texts: Texts): void {
  const end = reader.uint32() + reader.pos;
  let nameStart = 0;
  let nameEnd = 0;
  let versionStart = 0;
  let versionEnd = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 0x0a) {
      nameStart = skipText(reader);
      nameEnd = reader.pos;
    } else if (tag === 0x12) {
      versionStart = skipText(reader);
      versionEnd = reader.pos;
    } else reader.skipType(tag & 7);
  }
  texts.add(nameStart, nameEnd);
  texts.add(versionStart, versionEnd);
}

const longestText = 256;

/** `google.rpc.Status` */
function readStatus(bytes: Uint8Array): string {
  let message = '';
  readFields(bytes, { 2: (reader) => (message = reader.string()) });
  return message;
}

/** Reads the few fields that are kept and skips the rest: metadata and extensions can be large. */
export function readNode(bytes: Uint8Array): NodeIdentity {
  const node = { id: '', cluster: '', nodeName: '', zone: '', userAgent: '' };
  let version = '';
  readFields(bytes, {
    1: (reader) => (node.id = text(reader)),
    2: (reader) => (node.cluster = text(reader)),
    3: (reader) => (node.nodeName = readNodeName(reader.bytes())),
    4: (reader) => readFields(reader.bytes(), { 2: (locality) => (node.zone = text(locality)) }),
    6: (reader) => (node.userAgent = text(reader)),
    7: (reader) => (version = text(reader)),
    8: (reader) => (version = readBuildVersion(reader.bytes())),
  });
  return { ...node, userAgent: `${node.userAgent} ${version}`.trim() };
}

function text(reader: protobuf.Reader): string {
  return reader.string().slice(0, longestText);
}

/** `NODE_NAME` of a `google.protobuf.Struct`. */
function readNodeName(struct: Uint8Array): string {
  let found = '';
  readFields(struct, {
    1: (reader) => {
      let key = '';
      let value = '';
      readFields(reader.bytes(), {
        1: (entry) => (key = entry.string()),
        2: (entry) => readFields(entry.bytes(), { 3: (kind) => (value = text(kind)) }),
      });
      if (key === 'NODE_NAME') found = value;
    },
  });
  return found;
}

/** `envoy.config.core.v3.BuildVersion`: a semantic version of varints. */
function readBuildVersion(bytes: Uint8Array): string {
  const numbers = [0, 0, 0];
  readFields(bytes, {
    1: (reader) => {
      const version = protobuf.Reader.create(reader.bytes());
      while (version.pos < version.len) {
        const tag = version.uint32();
        if ((tag & 7) === 0) numbers[(tag >>> 3) - 1] = version.uint32();
        else version.skipType(tag & 7);
      }
    },
  });
  return numbers.slice(0, 3).join('.');
}
