/** Who reserves, by identity. */
export interface BudgetHolder {
  /** Address of the client, without the port. */
  readonly peer: string;
  /** There is room now for what `reserve` refused, and it is reserved. */
  granted(): void;
}

/**
 * Bytes that may be held at the same time, by each peer and by all together. A reservation that finds no room waits; when nothing else is held,
 * one is granted however large it is, so that every one gets its turn.
 */
export class ByteBudget {
  readonly #total: number;
  readonly #perPeer: number;
  readonly #held = new Map<BudgetHolder, number>();
  readonly #ofPeer = new Map<string, number>();
  readonly #waiting = new Map<BudgetHolder, number>();
  #used = 0;
  /** The first one waits for room in the total: no other may pass it, or a large one would never get its turn. */
  #isBlocked = false;

  constructor(options: { readonly total: number; readonly perPeer: number }) {
    this.#total = options.total;
    this.#perPeer = options.perPeer;
  }

  get used(): number {
    return this.#used;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * In addition to what the holder has.
   * @returns whether there is room; if not, the holder is told once there is
   */
  reserve(holder: BudgetHolder, bytes: number): boolean {
    if (this.#waiting.has(holder)) return false;
    if (!this.#isBlocked && this.#fitsAll(bytes) && this.#fitsPeer(holder, bytes)) {
      this.set(holder, this.heldBy(holder) + bytes);
      return true;
    }
    this.#waiting.set(holder, bytes);
    this.#isBlocked ||= !this.#fitsAll(bytes);
    return false;
  }

  /** There would be room for these bytes if the holder had nothing. */
  fitsWithout(holder: BudgetHolder, bytes: number): boolean {
    return this.lacking(holder, bytes) === undefined;
  }

  /** What would have no room for these bytes if the holder had nothing. */
  lacking(holder: BudgetHolder, bytes: number): 'Total' | 'Peer' | undefined {
    const more = bytes - this.heldBy(holder);
    if (!this.#fitsAll(more)) return 'Total';
    return this.#fitsPeer(holder, more) ? undefined : 'Peer';
  }

  heldBy(holder: BudgetHolder): number {
    return this.#held.get(holder) ?? 0;
  }

  /** The actual size: usually less than reserved, more where something cannot be split. */
  set(holder: BudgetHolder, bytes: number): void {
    const more = bytes - this.heldBy(holder);
    if (bytes === 0) this.#held.delete(holder);
    else this.#held.set(holder, bytes);
    this.#used += more;
    const ofPeer = (this.#ofPeer.get(holder.peer) ?? 0) + more;
    if (ofPeer === 0) this.#ofPeer.delete(holder.peer);
    else this.#ofPeer.set(holder.peer, ofPeer);
    if (more < 0) this.#grant();
  }

  /** It no longer holds anything, nor waits. */
  release(holder: BudgetHolder): void {
    const wasWaiting = this.#waiting.delete(holder);
    if (this.#held.has(holder)) this.set(holder, 0);
    else if (wasWaiting) this.#grant();
  }

  /** Others wait for what this holder has: for room of its peer or, if there is none for anybody, of all. */
  isWaitedFor(holder: BudgetHolder): boolean {
    if (!this.#held.has(holder)) return false;
    for (const [other, bytes] of this.#waiting) {
      if (other.peer === holder.peer || !this.#fitsAll(bytes)) return true;
    }
    return false;
  }

  /** In the order of asking; those whose peer has no room let others pass. */
  #grant(): void {
    this.#isBlocked = false;
    for (const [holder, bytes] of this.#waiting) {
      this.#isBlocked = !this.#fitsAll(bytes);
      if (this.#isBlocked) return;
      if (!this.#fitsPeer(holder, bytes)) continue;
      this.#waiting.delete(holder);
      this.set(holder, this.heldBy(holder) + bytes);
      holder.granted();
    }
  }

  #fitsAll(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#total;
  }

  #fitsPeer({ peer }: BudgetHolder, bytes: number): boolean {
    const used = this.#ofPeer.get(peer) ?? 0;
    return used === 0 || used + bytes <= this.#perPeer;
  }
}
