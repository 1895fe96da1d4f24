/** Tells what was done and how long after the start. */
export class Progress {
  readonly #start = performance.now();

  step(text: string): void {
    process.stdout.write(`${this.#seconds().padStart(7)} s  ${text}\n`);
  }

  /** The last line. */
  total(text: string): void {
    process.stdout.write(`${text} in ${this.#seconds()} s\n`);
  }

  #seconds(): string {
    return ((performance.now() - this.#start) / 1000).toFixed(1);
  }
}
