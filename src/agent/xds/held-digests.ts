import { digestOf, hashOfName } from '../../resources/digest.ts';

/** The most buckets that a peer may ask about; digests of fewer are folded from these. */
const most = 4_096;
/** 512 bytes of digests: in a small cluster one change then has one resource sent again, and not all of them. */
const fewest = 64;
const resourcesPerBucket = 16;

/**
 * What is held of one type, as digests by bucket (message Known of fairlead/node/v1/node.proto), kept up to date as
 * resources come and go.
 */
export class HeldDigests {
  /** Two for each bucket: the lower and the upper half of its digest. */
  readonly #halves = new Int32Array(2 * most);

  /** Adds a resource, or removes it again. */
  toggle(name: string, version: string): void {
    const { low, high } = digestOf(name, version);
    const at = 2 * bucketOf(name, most);
    this.#halves[at] = (this.#halves[at] ?? 0) ^ low;
    this.#halves[at + 1] = (this.#halves[at + 1] ?? 0) ^ high;
  }

  /** @param buckets a power of two from 1 to 4,096 */
  digests(buckets: number): Uint8Array {
    const folded = new Int32Array(2 * buckets);
    for (const [index, half] of this.#halves.entries()) {
      const at = index % folded.length;
      folded[at] = (folded[at] ?? 0) ^ half;
    }
    const bytes = Buffer.alloc(8 * buckets);
    for (const [index, half] of folded.entries()) bytes.writeInt32LE(half, 4 * index);
    return bytes;
  }
}

/** @param buckets a power of two from 1 to 4,096 */
export function bucketOf(name: string, buckets: number): number {
  return hashOfName(name) % buckets;
}

/** About one bucket for 16 resources; never fewer than 64. */
export function bucketsFor(resources: number): number {
  const wanted = Math.max(fewest, resources / resourcesPerBucket);
  return Math.min(most, 2 ** Math.ceil(Math.log2(wanted)));
}
