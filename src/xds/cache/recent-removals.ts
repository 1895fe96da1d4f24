import type { ClientView, ResourceEntry } from '../../resources/resource-entry.ts';
import type { EncodedResource } from './encoded-resource.ts';
import type { BuildError, Encodings } from './encodings.ts';
import type { Slot } from './slot.ts';

/** Clients that lost their stream are back by then, and have acknowledged what refers to the resource. */
const keptMs = 60_000;
/** Each takes a kilobyte or two. */
const mostKept = 10_000;

/** A resource that was removed a moment ago. */
export class RecentRemoval {
  readonly entry: ResourceEntry;
  /** `performance.now()` */
  readonly at: number;
  readonly #encodings: Encodings;
  readonly #onError: BuildError;

  constructor(entry: ResourceEntry, encodings: Encodings, at: number, onError: BuildError) {
    this.entry = entry;
    this.at = at;
    this.#encodings = encodings;
    this.#onError = onError;
  }

  isBuilt(view: ClientView): boolean {
    return this.#encodings.built(this.entry, view) !== undefined;
  }

  /** As it was built last, which most clients have. */
  encode(view: ClientView): EncodedResource | undefined {
    return this.#encodings.built(this.entry, view) ?? this.#encodings.encode(this.entry, view, this.#onError);
  }
}

/**
 * What was removed a moment ago. A full state of state-of-the-world deletes what it leaves out, so the server must be able to
 * repeat a resource that is gone, until the client no longer refers to it.
 */
export class RecentRemovals {
  /** The oldest first. */
  readonly #byName = new Map<string, RecentRemoval>();
  readonly #onError: BuildError;

  constructor(onError: BuildError) {
    this.#onError = onError;
  }

  /** The slot is about to get this entry. */
  note(slot: Slot, entry: ResourceEntry | undefined): void {
    const { name, entry: before } = slot;
    this.#byName.delete(name);
    if (entry !== undefined || before === undefined) return;
    this.#prune(mostKept - 1);
    this.#byName.set(name, new RecentRemoval(before, slot.takeBuilds(), performance.now(), this.#onError));
  }

  all(): Iterable<RecentRemoval> {
    this.#prune(mostKept);
    return this.#byName.values();
  }

  #prune(most: number): void {
    const since = performance.now() - keptMs;
    for (const [name, { at }] of this.#byName) {
      if (at >= since && this.#byName.size <= most) return;
      this.#byName.delete(name);
    }
  }
}
