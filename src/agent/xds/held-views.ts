import { bucketsFor, HeldDigests } from './held-digests.ts';

/** The views that the agent holds, by version, from any controller. */
export class HeldViews {
  /** Whether the whole list was received once; stays true when the connection is lost. */
  isComplete = false;
  /** Of the NodeView that was taken last; undefined: there is none. */
  nodeVersion: string | undefined;
  readonly #versions = new Map<string, string>();
  readonly #digests = new HeldDigests();

  get size(): number {
    return this.#versions.size;
  }

  get versions(): ReadonlyMap<string, string> {
    return this.#versions;
  }

  set(name: string, version: string): void {
    this.delete(name);
    this.#versions.set(name, version);
    this.#digests.toggle(name, version);
  }

  delete(name: string): void {
    const before = this.#versions.get(name);
    if (before === undefined) return;
    this.#versions.delete(name);
    this.#digests.toggle(name, before);
  }

  /** Message Known; undefined: nothing is held. */
  known(): { readonly buckets: number; readonly digests: Uint8Array } | undefined {
    if (this.size === 0) return undefined;
    const buckets = bucketsFor(this.size);
    return { buckets, digests: this.#digests.digests(buckets) };
  }
}
