/** Fields of wire type 2 (https://protobuf.dev/programming-guides/encoding/), put together by hand from shared bytes. */
export function bytesField(field: number, value: Uint8Array): Buffer {
  const head = fieldHead(field, value.length);
  const result = Buffer.allocUnsafeSlow(head.length + value.length);
  result.set(head, 0);
  result.set(value, head.length);
  return result;
}

export function stringField(field: number, value: string): Buffer {
  return bytesField(field, Buffer.from(value));
}

export function concat(parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts);
}

/** A packed repeated field of unsigned integers. */
export function packedField(field: number, values: readonly number[]): Buffer {
  return bytesField(field, Uint8Array.from(values.flatMap(varint)));
}

function fieldHead(field: number, length: number): number[] {
  return [...varint((field << 3) | 2), ...varint(length)];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return bytes;
}
