import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bucketOf, bucketsFor, HeldDigests } from './held-digests.ts';

const names = Array.from({ length: 200 }, (_none, index) => `shop/s${index}`);

/** As the protocol says it, word for word. */
function expectedDigests(resources: readonly (readonly [string, string])[], buckets: number): Uint8Array {
  const sha = (text: string) => createHash('sha256').update(text).digest();
  const digests = Array.from({ length: buckets }, () => 0n);
  for (const [name, version] of resources) {
    const bucket = sha(name).readUInt32LE(0) % buckets;
    digests[bucket] = (digests[bucket] ?? 0n) ^ sha(`${name}\0${version}`).readBigUInt64LE(0);
  }
  const bytes = Buffer.alloc(8 * buckets);
  digests.forEach((digest, index) => {
    bytes.writeBigUInt64LE(digest, 8 * index);
  });
  return bytes;
}

describe('digests of buckets', () => {
  it.each([1, 2, 64, 4_096])('are those of the protocol, of %i buckets', (buckets) => {
    const digests = new HeldDigests();
    for (const name of names) digests.toggle(name, 'v1');
    const resources = names.map((name) => [name, 'v1'] as const);
    expect(digests.digests(buckets)).toEqual(expectedDigests(resources, buckets));
    for (const name of names) digests.toggle(name, 'v1');
    expect(digests.digests(buckets)).toEqual(Buffer.alloc(8 * buckets));
  });

  it('are about one for 16 resources, and at least 64, so that one change in a small cluster does not send all again', () => {
    const counts = [0, 1, 1_024, 1_025, 10_000, 1_000_000];
    expect(counts.map(bucketsFor)).toEqual([64, 64, 64, 128, 1_024, 4_096]);
    expect(bucketOf('a', 1)).toBe(0);
  });
});
