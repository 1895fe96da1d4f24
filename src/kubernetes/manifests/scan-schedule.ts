/** What is to be looked at, and when. */
export class ScanSchedule {
  #allAt: number | undefined;
  readonly #fileAt = new Map<string, number>();

  lookAtAll(at: number): void {
    this.#allAt = Math.min(at, this.#allAt ?? at);
  }

  lookAt(file: string, at: number): void {
    this.#fileAt.set(file, Math.min(at, this.#fileAt.get(file) ?? at));
  }

  /** When the next look is due; undefined when none is. */
  next(): number | undefined {
    const times = [...this.#fileAt.values(), ...(this.#allAt === undefined ? [] : [this.#allAt])];
    return times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b));
  }

  /** What is due now, which is then off the list; a look at all includes each file. */
  take(now: number): 'All' | readonly string[] {
    if (this.#allAt !== undefined && this.#allAt <= now) {
      this.#allAt = undefined;
      this.#fileAt.clear();
      return 'All';
    }
    const due = [...this.#fileAt].filter(([, at]) => at <= now).map(([file]) => file);
    for (const file of due) this.#fileAt.delete(file);
    return due;
  }
}
