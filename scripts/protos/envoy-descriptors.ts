// Envoy's binary holds the descriptor of every .proto file that it was linked with: protobuf's C++ code keeps each as a
// serialized FileDescriptorProto among the read-only data, for reflection and JSON. They are found by their form.
import protobuf from 'protobufjs';
import extension, { type IDescriptorProto, type IFileDescriptorProto } from 'protobufjs/ext/descriptor.js';

const suffix = Buffer.from('.proto');
const longestName = 127;

/** Numbers of the fields of a FileDescriptorProto: `name` is the first of all, `syntax` the last of a proto3 file. */
const nameField = 1;
const syntaxField = 12;
const lengthDelimited = 2;

/** Descriptors of all proto3 files in a binary, by their names such as `envoy/config/cluster/v3/cluster.proto`. */
export function descriptorsIn(binary: Buffer): ReadonlyMap<string, IFileDescriptorProto> {
  const found = new Map<string, IFileDescriptorProto>();
  for (let at = binary.indexOf(suffix); at >= 0; at = binary.indexOf(suffix, at + 1)) {
    const descriptor = descriptorNamedAt(binary, at + suffix.length);
    if (descriptor?.name) found.set(descriptor.name, descriptor);
  }
  return found;
}

/** The descriptor whose name ends here; most places that end in `.proto` are the name of an import or of a message. */
function descriptorNamedAt(binary: Buffer, nameEnd: number): IFileDescriptorProto | undefined {
  for (let length = suffix.length + 1; length <= longestName && length + 2 <= nameEnd; length += 1) {
    const start = nameEnd - length - 2;
    if (binary[start] !== tagOf(nameField) || binary[start + 1] !== length) continue;
    const end = endOfDescriptor(binary, start);
    if (end !== undefined) return decodeDescriptor(binary.subarray(start, end));
  }
  return undefined;
}

function decodeDescriptor(bytes: Uint8Array): IFileDescriptorProto {
  const { FileDescriptorProto } = extension;
  const file = FileDescriptorProto.toObject(FileDescriptorProto.decode(bytes)) as IFileDescriptorProto;
  // protobufjs packs and unpacks an Any by its `type_url`.
  if (file.name !== 'google/protobuf/any.proto') for (const message of file.messageType ?? []) nameInCamelCase(message);
  return file;
}

/** Fields as protobufjs' parser of .proto text names them: C++ leaves out the names of JSON. */
function nameInCamelCase(message: IDescriptorProto): void {
  for (const field of message.field ?? []) field.name = protobuf.util.camelCase(field.name ?? '');
  for (const nested of message.nestedType ?? []) nameInCamelCase(nested);
}

/** Where the file's `syntax` ends, if there are fields in ascending order up to it and it is proto3. */
function endOfDescriptor(binary: Buffer, start: number): number | undefined {
  const reader = protobuf.Reader.create(binary);
  reader.pos = start;
  try {
    for (let last = nameField; ; ) {
      const tag = reader.uint32();
      const field = tag >>> 3;
      if (field < last || field > syntaxField) return undefined;
      if (tag === tagOf(syntaxField)) return reader.string() === 'proto3' ? reader.pos : undefined;
      reader.skipType(tag & 7);
      last = field;
    }
  } catch {
    return undefined; // Bytes that are no fields at all.
  }
}

function tagOf(field: number): number {
  return (field << 3) | lengthDelimited;
}

/**
 * The named files and all that they import, as far as it has messages of its own.
 * @throws when one is not among the descriptors
 */
export function withImports(
  descriptors: ReadonlyMap<string, IFileDescriptorProto>,
  names: readonly string[],
): readonly IFileDescriptorProto[] {
  const chosen = new Map<string, IFileDescriptorProto>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (chosen.has(name) || holdsOptionsOnly.test(name)) continue;
    const descriptor = descriptors.get(name);
    if (descriptor === undefined) throw new Error(`This Envoy holds no descriptor of ${name}`);
    chosen.set(name, descriptor);
    waiting.push(...((descriptor.dependency ?? []) as readonly string[]));
  }
  return [...chosen.values()];
}

/** Files that extend the options of descriptors. They are proto2, and options are dropped. */
const holdsOptionsOnly =
  /^(validate|google\/protobuf\/descriptor|google\/api\/annotations|google\/api\/http|udpa\/annotations|xds\/annotations|envoy\/annotations)/;
