import { type Digest, hashOfName } from '../../resources/digest.ts';
import type { ClientView } from '../../resources/resource-entry.ts';
import type { ChangeLog } from './change-log.ts';
import type { Slot } from './slot.ts';

export const mostBuckets = 4_096;

/** XOR of the digests of a set of resources, by buckets of their names. */
export class Buckets {
  readonly count: number;
  readonly #halves: Int32Array;

  /** @param count a power of two */
  constructor(count: number) {
    this.count = count;
    this.#halves = new Int32Array(2 * count);
  }

  /** Adds what is not in it, and takes out what is. */
  toggle(nameHash: number, { low, high }: Digest): void {
    const at = 2 * (nameHash & (this.count - 1));
    this.#halves[at] = (this.#halves[at] ?? 0) ^ low;
    this.#halves[at + 1] = (this.#halves[at + 1] ?? 0) ^ high;
  }

  /** The same in fewer buckets. */
  folded(count: number): Buckets {
    const folded = new Buckets(count);
    for (let bucket = 0; bucket < this.count; bucket++) {
      folded.toggle(bucket, { low: this.#halves[2 * bucket] ?? 0, high: this.#halves[2 * bucket + 1] ?? 0 });
    }
    return folded;
  }

  /** @param digests 8 bytes for each bucket, little endian */
  differences(digests: Buffer): number[] {
    const differing: number[] = [];
    for (let bucket = 0; bucket < this.count; bucket++) {
      const isEqual =
        digests.readInt32LE(8 * bucket) === this.#halves[2 * bucket] &&
        digests.readInt32LE(8 * bucket + 4) === this.#halves[2 * bucket + 1];
      if (!isEqual) differing.push(bucket);
    }
    return differing;
  }
}

interface Counted {
  readonly nameHash: number;
  digest: Digest | undefined;
}

/** Digests of what every client with a wildcard gets alike; made when the first client asks by digests, then kept up to date. */
export class BucketDigests {
  readonly #log: ChangeLog;
  readonly #buckets = new Buckets(mostBuckets);
  readonly #counted = new Map<Slot, Counted>();
  readonly #changed = new Set<Slot>();

  constructor(log: ChangeLog) {
    this.#log = log;
    log.forEachAfter(0, ({ slot }) => {
      this.#changed.add(slot);
      return true;
    });
    log.onChange = (slot) => this.#changed.add(slot);
  }

  /** Builds what changed. @returns whether it is up to date; false past the deadline */
  update(deadline: number): boolean {
    for (const slot of this.#changed) {
      this.#changed.delete(slot);
      this.#count(slot);
      if (this.#changed.size > 0 && performance.now() > deadline) return false;
    }
    return true;
  }

  /** Up to date only after `update`. */
  folded(count: number): Buckets {
    return this.#buckets.folded(count);
  }

  /** Visits the resources whose names are in these buckets of so many. */
  forEachIn(buckets: ReadonlySet<number>, count: number, visit: (slot: Slot) => void): void {
    this.#log.forEachAfter(0, ({ slot, isLive }) => {
      const nameHash = this.#counted.get(slot)?.nameHash ?? 0;
      if (isLive && buckets.has(nameHash & (count - 1))) visit(slot);
      return true;
    });
  }

  #count(slot: Slot): void {
    const counted = this.#counted.get(slot) ?? { nameHash: hashOfName(slot.name), digest: undefined };
    if (counted.digest !== undefined) this.#buckets.toggle(counted.nameHash, counted.digest);
    counted.digest = slot.logged?.isLive === true ? slot.encode(nobody)?.digest : undefined;
    if (counted.digest !== undefined) this.#buckets.toggle(counted.nameHash, counted.digest);
    if (slot.logged?.isLive === true) this.#counted.set(slot, counted);
    else this.#counted.delete(slot);
  }
}

/** What clients get alike does not look at the view. */
const nobody: ClientView = { nodeName: '', zone: '' };
