/** What a stream asked for first, until it was sent: the types that were asked for, and those whose answer was split. */
export class FirstRound {
  readonly #asked = new Set<string>();
  readonly #split = new Set<string>();
  readonly #known = new Set<string>();

  /** @returns whether it is the first request of the type */
  requested(typeUrl: string): boolean {
    if (this.#known.has(typeUrl)) return false;
    this.#known.add(typeUrl);
    this.#asked.add(typeUrl);
    return true;
  }

  /** A response that was not split holds everything that there was. */
  sent(typeUrl: string, isSplit: boolean): void {
    this.#asked.delete(typeUrl);
    if (isSplit) this.#split.add(typeUrl);
    else this.#split.delete(typeUrl);
  }

  /** There is nothing to send now. @param isSettled and nothing is awaited: the last part may have been as large as one can be */
  nothingToSend(isSettled: boolean): void {
    this.#asked.clear();
    if (isSettled) this.#split.clear();
  }

  get isOver(): boolean {
    return this.#asked.size === 0 && this.#split.size === 0;
  }
}
