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

function fieldHead(field: number, length: number): number[] {
  const head: number[] = [];
  for (const value of [(field << 3) | 2, length]) {
    let rest = value;
    for (; rest > 127; rest >>>= 7) head.push((rest & 127) | 128);
    head.push(rest);
  }
  return head;
}
