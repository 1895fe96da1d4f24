import type { EncodedResource } from '../cache/encoded-resource.ts';
import { bytesField, concat, packedField, stringField } from '../cache/wire-format.ts';
import type { Batch } from '../streams/batch.ts';
import type { Variant } from './ads-events.ts';

/** One response, ready to be written to any stream that has not seen its nonce. */
export interface EncodedResponse {
  readonly nonce: number;
  readonly bytes: Uint8Array;
  /**
   * Equal to the one asked for, in resources, slots and stamps; what streams remember until the acknowledgement, so that
   * a change that goes to 1,000 of them is remembered once.
   */
  readonly batch: Batch;
}

interface Kept extends EncodedResponse {
  readonly variant: Variant;
}

/** Zones and nodes may get different bytes at the same time, so a few responses are kept. */
const keptResponses = 8;

/**
 * Puts responses together from the shared bytes of resources. Nonces count up over all streams, so that one response
 * can be written to many: a stream may take it if its own last nonce is smaller. A change that goes to 1,000 streams is
 * put together once.
 */
export class ResponseEncoder {
  readonly #controlPlane: Uint8Array;
  #lastNonce = 0;
  #kept: Kept[] = [];

  /** @param identifier shown by Envoy as the statistic `control_plane.identifier` */
  constructor(identifier: string) {
    this.#controlPlane = stringField(1, identifier);
  }

  /** @param after last nonce of the stream */
  encode(variant: Variant, batch: Batch, after: number): EncodedResponse {
    const same = this.#kept.find(
      (kept) => kept.nonce > after && kept.variant === variant && isEqual(kept.batch, batch),
    );
    if (same !== undefined) return hasOnlyResources(same.batch) && hasOnlyResources(batch) ? same : { ...same, batch };
    this.#lastNonce += 1;
    const nonce = String(this.#lastNonce);
    const bytes = variant === 'sotw' ? this.#sotw(batch, nonce) : this.#delta(batch, nonce);
    const kept = { nonce: this.#lastNonce, bytes, variant, batch };
    this.#kept = [kept, ...this.#kept.slice(0, keptResponses - 1)];
    return kept;
  }

  /** Frees the bytes when no fan-out is in progress. */
  forget(): void {
    this.#kept = [];
  }

  #delta(batch: Batch, nonce: string): Uint8Array {
    return concat([
      stringField(1, versionOf(batch.resources)),
      ...batch.resources.map((resource) => resource.deltaField),
      stringField(4, batch.typeUrl),
      stringField(5, nonce),
      ...batch.removed.map((name) => stringField(6, name)),
      bytesField(7, this.#controlPlane),
      ...(batch.isComplete ? [complete] : []),
      ...(batch.staleBuckets.length > 0 ? [packedField(101, batch.staleBuckets)] : []),
    ]);
  }

  #sotw(batch: Batch, nonce: string): Uint8Array {
    return concat([
      stringField(1, versionOf(batch.resources)),
      ...batch.resources.map((resource) => resource.sotwField),
      stringField(4, batch.typeUrl),
      stringField(5, nonce),
      bytesField(6, this.#controlPlane),
    ]);
  }
}

/** `complete = 100` of a NodeResponse, true; only such responses are complete or have stale buckets. */
const complete = Uint8Array.of(0xa0, 0x06, 1);

/** Equal in every replica for equal resources, in any order. */
function versionOf(resources: readonly EncodedResource[]): string {
  const [first] = resources;
  if (first === undefined) return 'empty';
  if (resources.length === 1) return first.version;
  let low = 0;
  let high = 0;
  for (const { digest } of resources) {
    low ^= digest.low;
    high ^= digest.high;
  }
  return Buffer.from(Int32Array.of(low, high).buffer).toString('base64url');
}

/** Then its slots and stamps are those of its resources. */
function hasOnlyResources(batch: Batch): boolean {
  return batch.removed.length === 0 && batch.slots.length === batch.resources.length;
}

function isEqual(one: Batch, other: Batch): boolean {
  return (
    one.typeUrl === other.typeUrl &&
    one.isComplete === other.isComplete &&
    one.staleBuckets.length === 0 &&
    other.staleBuckets.length === 0 &&
    isSameList(one.resources, other.resources) &&
    isSameList(one.removed, other.removed)
  );
}

/** Lists of a page are the same object for every stream. */
function isSameList<T>(one: readonly T[], other: readonly T[]): boolean {
  if (one === other) return true;
  return one.length === other.length && one.every((element, index) => element === other[index]);
}
