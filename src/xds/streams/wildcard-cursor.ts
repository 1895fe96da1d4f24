import type { ChangeLog, LogReader } from '../cache/change-log.ts';
import type { LogEntry, Slot } from '../cache/slot.ts';

/**
 * How far one stream has come in the log of what all clients with a wildcard get in the same form. The client has everything up to
 * `acknowledged`, in the version that it had, unless the stream keeps a word for it.
 */
export class WildcardCursor implements LogReader {
  readonly #log: ChangeLog;
  acknowledged = 0;
  reach = 0;
  #sent = 0;
  /** Counts every change. */
  revision = 0;

  constructor(log: ChangeLog) {
    this.#log = log;
    log.join(this);
  }

  /** The log has more after what was sent. */
  get isBehind(): boolean {
    return this.#sent < this.#log.last;
  }

  /** The client has it in the version announced last. */
  hasAcknowledged(slot: Slot): boolean {
    return slot.logged !== undefined && slot.logged.sequence <= this.acknowledged;
  }

  /** Sequence up to which it was sent. */
  get sent(): number {
    return this.#sent;
  }

  /** It was sent, or need not be. */
  hasPassed(slot: Slot): boolean {
    return slot.logged !== undefined && slot.logged.sequence <= this.#sent;
  }

  /** The client may have something of this name. */
  mayHave(entry: LogEntry): boolean {
    return entry.born <= this.reach;
  }

  forEachAhead(visit: (entry: LogEntry) => boolean): void {
    this.#log.forEachAfter(this.#sent, visit);
  }

  /** @param sequence with which the next response ends */
  moveTo(sequence: number): void {
    this.#sent = sequence;
    if (sequence > this.reach) this.reach = sequence;
  }

  moveToEnd(): void {
    this.moveTo(this.#log.last);
  }

  /** What was sent was answered, or nothing was to be sent. */
  settle(): void {
    this.acknowledged = this.#sent;
    this.revision += 1;
  }

  /** Everything is to be sent again. */
  rewind(): void {
    this.#sent = 0;
    this.acknowledged = 0;
    this.revision += 1;
  }

  close(): void {
    this.#log.leave(this);
  }
}
