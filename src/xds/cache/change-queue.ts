import type { PendingChange } from './slot.ts';

/** Removals of one batch, which wait until so many upserts have been taken. */
interface Removals {
  readonly changes: Line;
  readonly afterUrgent: number;
  readonly afterOrdinary: number;
}

/**
 * Changes that are announced together at intervals, so that all who are notified take the same response: it is put together
 * once, and they are not busy with a response for each change.
 */
interface Paced {
  readonly line: Line;
  /** `performance.now()` from which they may be taken. */
  notBefore: number;
  /** So many will have been taken when those are through that waited when it was time; 0 until the next time. */
  until: number;
}

/**
 * The changes that have not been announced to subscribers yet. Endpoints are few bytes and urgent; they overtake the rest. A
 * removal comes after every upsert of its batch and of those before, so that what refers to it is changed
 * first.
 */
export class ChangeQueue {
  readonly #urgent = new Line();
  readonly #ordinary = new Line();
  readonly #removals: Removals[] = [];
  readonly #paced: Paced = { line: new Line(), notBefore: 0, until: 0 };
  #batch = new Line();
  #pacedRemovals: PendingChange[] = [];

  get isEmpty(): boolean {
    return this.#isUnpacedEmpty && this.#paced.line.isEmpty;
  }

  get #isUnpacedEmpty(): boolean {
    return this.#urgent.isEmpty && this.#ordinary.isEmpty && this.#removals.length === 0;
  }

  /** Milliseconds until there is something to take; undefined when there is nothing. */
  get dueInMs(): number | undefined {
    if (!this.#isUnpacedEmpty) return 0;
    const { line, notBefore, until } = this.#paced;
    if (until > 0) return 0;
    return line.isEmpty ? undefined : Math.max(0, notBefore - performance.now());
  }

  addPaced(change: PendingChange): void {
    if (change.slot.entry === undefined) this.#pacedRemovals.push(change);
    else this.#paced.line.push(change);
  }

  addUpsert(change: PendingChange, isUrgent: boolean): void {
    (isUrgent ? this.#urgent : this.#ordinary).push(change);
  }

  addRemoval(change: PendingChange): void {
    this.#batch.push(change);
  }

  endBatch(): void {
    for (const change of this.#pacedRemovals.splice(0)) this.#paced.line.push(change);
    if (this.#batch.isEmpty) return;
    const [afterUrgent, afterOrdinary] = [this.#urgent.added, this.#ordinary.added];
    this.#removals.push({ changes: this.#batch, afterUrgent, afterOrdinary });
    this.#batch = new Line();
  }

  /**
   * Takes all paced changes if it is time, or as many as it can before the deadline, at least one; then those that are left follow with
   * the next calls.
   * @param intervalMs from the first of them until the next time
   */
  takePaced(deadline: number, intervalMs: () => number, visit: (change: PendingChange) => void): void {
    const paced = this.#paced;
    const now = performance.now();
    if (paced.until === 0) {
      if (paced.line.isEmpty || now < paced.notBefore) return;
      paced.until = paced.line.added;
      paced.notBefore = now + intervalMs();
    }
    paced.line.take(deadline, visit, paced.until);
    if (paced.line.taken >= paced.until) paced.until = 0;
  }

  /**
   * Takes changes until done or past the deadline, at least one of each kind. When both wait, endpoints get half of the
   * time: they may come faster than they are announced.
   */
  take(deadline: number, visit: (change: PendingChange) => void): void {
    const now = performance.now();
    this.#urgent.take(this.#ordinary.isEmpty ? deadline : now + (deadline - now) / 2, visit);
    this.#ordinary.take(deadline, visit);
    for (let batch = this.#nextRemovals(); batch !== undefined; batch = this.#nextRemovals()) {
      batch.take(deadline, visit);
      if (!batch.isEmpty) return;
      this.#removals.shift();
    }
  }

  #nextRemovals(): Line | undefined {
    const first = this.#removals[0];
    if (first === undefined) return undefined;
    const mayGo = this.#urgent.taken >= first.afterUrgent && this.#ordinary.taken >= first.afterOrdinary;
    return mayGo ? first.changes : undefined;
  }
}

/** First in, first out, with counts of all that came and went. */
class Line {
  readonly #changes: PendingChange[] = [];
  taken = 0;

  get isEmpty(): boolean {
    return this.#changes.length === 0;
  }

  get added(): number {
    return this.taken + this.#changes.length;
  }

  push(change: PendingChange): void {
    this.#changes.push(change);
  }

  /** @param until how many will have been taken at most */
  take(deadline: number, visit: (change: PendingChange) => void, until = Number.POSITIVE_INFINITY): void {
    let count = 0;
    for (const change of this.#changes) {
      if (this.taken + count >= until) break;
      count += 1;
      // It was announced since then, or became a removal or an upsert, which is queued elsewhere.
      if (change.slot.pending !== change) continue;
      visit(change);
      if (performance.now() > deadline) break;
    }
    this.#changes.splice(0, count);
    this.taken += count;
  }
}
