import { type BigIntStats, constants } from 'node:fs';
import { open } from 'node:fs/promises';

export const defaultMaxBytes = 10 * 1024 * 1024;

/** What tells one state of a file from another; equal stamps mean equal content. */
export function stampOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

export type FileText =
  | { readonly kind: 'Text'; readonly text: string; readonly stamp: string }
  /** It is there, but is not to be used as it is. */
  | { readonly kind: 'Refused'; readonly line: number; readonly reason: string; readonly stamp: string }
  /** It was written to while it was read, or went away: look again. */
  | { readonly kind: 'Moving' };

/** Reads at most `maxBytes` of a regular file of UTF-8 text. */
export async function readText(path: string, maxBytes: number): Promise<FileText> {
  // A pipe with the name of a manifest must not block the open.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const before = await file.stat({ bigint: true });
    const stamp = stampOf(before);
    if (!before.isFile()) return { kind: 'Refused', line: 1, reason: 'is not a regular file', stamp };
    if (before.size > BigInt(maxBytes))
      return { kind: 'Refused', line: 1, reason: tooLarge(before.size, maxBytes), stamp };
    const bytes = await file.readFile();
    if (stampOf(await file.stat({ bigint: true })) !== stamp) return { kind: 'Moving' };
    return { ...decode(bytes), stamp };
  } finally {
    await file.close();
  }
}

export function tooLarge(size: bigint | number, maxBytes: number): string {
  return `has ${size} bytes, more than the limit of ${maxBytes}; split it into several files`;
}

type Decoded =
  | { readonly kind: 'Text'; readonly text: string }
  | { readonly kind: 'Refused'; readonly line: number; readonly reason: string };

export function decode(bytes: Uint8Array): Decoded {
  try {
    return { kind: 'Text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const before = new TextDecoder('utf-8').decode(bytes).split('\uFFFD', 1)[0] ?? '';
    const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    const reason = utf16 ? 'is UTF-16, not UTF-8 text' : 'is not UTF-8 text';
    return { kind: 'Refused', line: before.split('\n').length, reason };
  }
}
