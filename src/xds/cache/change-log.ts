import type { LogEntry, Slot } from './slot.ts';

/** How far a reader has come. What it may have must stay in the log after its removal, until the reader has passed it. */
export interface LogReader {
  /** Everything up to this sequence is known to the client. */
  readonly acknowledged: number;
  /** Nothing after this sequence was ever sent. */
  readonly reach: number;
}

/** Fewer tombstones than this are not worth a search through all readers. */
const fewTombstones = 64;

/**
 * The resources that every client with a wildcard gets alike, in the order of their last announced change. A reader
 * remembers one number for all of them. What is removed stays as a tombstone until every reader that may have it has
 * passed. An array in order of sequence: what moves to the end leaves a hole behind, and holes are closed when they are
 * half of it.
 */
export class ChangeLog {
  readonly readers = new Set<LogReader>();
  readonly #onForgotten: (slot: Slot) => void;
  #entries: LogEntry[] = [];
  /** Sequence that the entry at the same index had when it was put there; another one now: it has moved on. */
  #sequences: number[] = [];
  #last = 0;
  #size = 0;
  #live = 0;
  #trimAt = fewTombstones;
  /** Counts every change. */
  revision = 0;
  /** Called with everything that was added, changed or removed. */
  onChange: (slot: Slot) => void = () => undefined;

  /** @param onForgotten called when a slot's tombstone is gone */
  constructor(onForgotten: (slot: Slot) => void) {
    this.#onForgotten = onForgotten;
  }

  /** Sequence of the last change. */
  get last(): number {
    return this.#last;
  }

  /** Resources that exist. */
  get live(): number {
    return this.#live;
  }

  get tombstones(): number {
    return this.#size - this.#live;
  }

  /** A resource is added, or added again. Readers will see it; the announcement wakes them. */
  insert(slot: Slot): void {
    const existing = slot.logged;
    const sequence = this.#last + 1;
    const entry = existing ?? { slot, sequence, born: sequence, isLive: false, isFresh: true };
    if (existing === undefined) this.#size += 1;
    slot.logged = entry;
    entry.isLive = true;
    entry.isFresh = true;
    this.#live += 1;
    this.#append(entry);
  }

  /** It was announced that the resource changed; one that was inserted for this change is where it belongs. */
  touch(entry: LogEntry): void {
    if (entry.isFresh) this.onChange(entry.slot);
    else this.#append(entry);
    entry.isFresh = false;
  }

  /** The removal of the resource was announced. */
  bury(entry: LogEntry): void {
    entry.isLive = false;
    this.#live -= 1;
    this.#append(entry);
    if (this.readers.size === 0) this.delete(entry);
    else if (this.tombstones >= this.#trimAt) this.trim();
  }

  /** Without a tombstone: those that may have it know of it in another way. */
  delete(entry: LogEntry): void {
    if (entry.isLive) this.#live -= 1;
    this.#size -= 1;
    this.revision += 1;
    this.onChange(entry.slot);
    entry.sequence = 0;
    entry.slot.logged = undefined;
    this.#onForgotten(entry.slot);
  }

  join(reader: LogReader): void {
    this.readers.add(reader);
  }

  leave(reader: LogReader): void {
    this.readers.delete(reader);
    if (this.readers.size === 0) this.trim();
  }

  /** Visits what changed after a sequence, oldest first, until the visitor returns false. The log must not change meanwhile. */
  forEachAfter(sequence: number, visit: (entry: LogEntry) => boolean): void {
    for (let index = this.#indexAfter(sequence); index < this.#entries.length; index++) {
      const entry = this.#entries[index];
      if (entry?.sequence === this.#sequences[index] && entry !== undefined && !visit(entry)) return;
    }
  }

  liveAfter(sequence: number): number {
    if (sequence >= this.#last) return 0;
    let count = 0;
    this.forEachAfter(sequence, ({ isLive }) => {
      if (isLive) count += 1;
      return true;
    });
    return count;
  }

  /** Forgets the tombstones that no reader needs any more. */
  trim(): void {
    const readers = [...this.readers].sort((one, other) => one.acknowledged - other.acknowledged);
    let next = 0;
    /** The furthest that any reader came that has not passed the tombstone. */
    let reach = 0;
    const over: LogEntry[] = [];
    this.forEachAfter(0, (entry) => {
      for (; (readers[next]?.acknowledged ?? entry.sequence) < entry.sequence; next++) {
        reach = Math.max(reach, readers[next]?.reach ?? 0);
      }
      if (!entry.isLive && entry.born > reach) over.push(entry);
      return true;
    });
    for (const entry of over) this.delete(entry);
    this.#trimAt = fewTombstones + 2 * this.tombstones;
  }

  #append(entry: LogEntry): void {
    this.revision += 1;
    this.onChange(entry.slot);
    this.#last += 1;
    entry.sequence = this.#last;
    this.#entries.push(entry);
    this.#sequences.push(this.#last);
    if (this.#entries.length > fewTombstones + 2 * this.#size) this.#closeHoles();
  }

  #closeHoles(): void {
    const entries: LogEntry[] = [];
    this.forEachAfter(0, (entry) => {
      entries.push(entry);
      return true;
    });
    this.#entries = entries;
    this.#sequences = entries.map(({ sequence }) => sequence);
  }

  #indexAfter(sequence: number): number {
    let low = 0;
    let high = this.#sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sequences[middle] ?? 0) <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
