/** Whether these bytes are this text, in UTF-8; of what is not ASCII, never. */
export function isAscii(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte !== text.charCodeAt(at - start) || byte > 0x7f) return false;
  }
  return true;
}
