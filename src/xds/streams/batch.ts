import type { EncodedResource } from '../cache/encoded-resource.ts';
import type { Slot } from '../cache/slot.ts';

/** What one response carries, and what the client has once it has acknowledged it. */
export class Batch {
  readonly typeUrl: string;
  readonly resources: EncodedResource[];
  /** Names for `removed_resources`; state-of-the-world has no place for them. */
  readonly removed: string[];
  /** Names of those resources that the client has not had in this version. */
  readonly changed: string[];
  /** Slots and the stamps that they have after the acknowledgement. */
  readonly slots: Slot[];
  readonly stamps: number[];
  /** Everything in it is from the log, so the client's cursor says what it has. */
  isPage: boolean;
  /** Bytes of the resources. */
  resourceBytes = 0;
  /** Bytes of the resources and the removed names, about as much as the response will have. */
  bytes = 0;
  /** `performance.now()` of the oldest change in it. */
  changedAt = Number.POSITIVE_INFINITY;

  /** Node discovery: everything that existed when the stream asked has been sent, with this or before. */
  isComplete = false;
  /** Node discovery: buckets of which the client has something else. */
  staleBuckets: readonly number[] = [];

  /** @param page whose content it has; that must not change any more */
  constructor(typeUrl: string, page?: Batch) {
    this.typeUrl = typeUrl;
    this.resources = page?.resources ?? [];
    this.removed = page?.removed ?? [];
    this.changed = page?.changed ?? [];
    this.slots = page?.slots ?? [];
    this.stamps = page?.stamps ?? [];
    this.resourceBytes = page?.resourceBytes ?? 0;
    this.bytes = page?.bytes ?? 0;
    this.isPage = page !== undefined;
  }

  get isEmpty(): boolean {
    return this.resources.length === 0 && this.removed.length === 0;
  }

  add(slot: Slot, resource: EncodedResource, isChanged: boolean): void {
    this.resources.push(resource);
    this.resourceBytes += resource.deltaField.length;
    this.bytes += resource.deltaField.length;
    if (isChanged) this.changed.push(resource.name);
    this.learn(slot, resource.stamp);
  }

  /** Repeats a resource that is gone, so that the client keeps it for the moment. */
  retain(resource: EncodedResource): void {
    this.resources.push(resource);
    this.resourceBytes += resource.deltaField.length;
    this.bytes += resource.deltaField.length;
  }

  remove(slot: Slot, stamp: number): void {
    this.removed.push(slot.name);
    this.bytes += slot.name.length;
    this.learn(slot, stamp);
  }

  /** Answers a name that is not kept. */
  deny(name: string): void {
    this.removed.push(name);
    this.bytes += name.length;
  }

  learn(slot: Slot, stamp: number): void {
    this.slots.push(slot);
    this.stamps.push(stamp);
  }
}

/** The response that has not been acknowledged yet. */
export interface InFlight {
  readonly batch: Batch;
  readonly nonce: string;
  /** `performance.now()` of the write. */
  readonly sentAt: number;
}

export interface CollectOptions {
  /** Where the response is split. */
  readonly maxBytes: number;
  /** `performance.now()` at which building must let other work run. */
  readonly deadline: number;
  /** Hold back the removal of what the client has, until the other types no longer refer to it. */
  readonly holdRemovals: boolean;
}

/** `later`: the deadline passed before anything was found to send. */
export type Collected = Batch | 'later' | undefined;

export function halves<T>(all: readonly T[]): readonly (readonly T[])[] {
  const middle = Math.ceil(all.length / 2);
  return [all.slice(0, middle), all.slice(middle)].filter((half) => half.length > 0);
}
