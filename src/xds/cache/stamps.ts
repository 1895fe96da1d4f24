/** Stamps are 29 bits wide; the lower ones have other meanings (see resource-states.ts). */
export const stampMask = 0x1fff_ffff;
export const firstStamp = 3;

/** How many former contents keep their stamp. */
export const rememberedVersions = 8;

/** The stamps of the last contents of one resource, so that one that comes back has the stamp that streams know. */
export class Stamps {
  /** The first one; most resources have one content as long as they are asked for, and a map takes 200 bytes. */
  #version: string | undefined;
  #stamp = 0;
  #others: Map<string, number> | undefined;
  /** Counts on after `clear`, as responses that carry a stamp may be in flight. */
  #last = firstStamp - 1;

  get size(): number {
    return (this.#version === undefined ? 0 : 1) + (this.#others?.size ?? 0);
  }

  get(version: string): number | undefined {
    return version === this.#version ? this.#stamp : this.#others?.get(version);
  }

  /** @param most how many are kept */
  add(version: string, most: number): number {
    this.#last = this.#last === stampMask ? firstStamp : this.#last + 1;
    if (this.#version === undefined) {
      this.#version = version;
      this.#stamp = this.#last;
    } else {
      this.#others ??= new Map();
      this.#others.set(version, this.#last);
    }
    if (this.size > most) this.#dropOldest();
    return this.#last;
  }

  versionOf(stamp: number): string {
    if (this.#version !== undefined && stamp === this.#stamp) return this.#version;
    for (const [version, known] of this.#others ?? []) if (known === stamp) return version;
    return '';
  }

  clear(): void {
    this.#version = undefined;
    this.#others = undefined;
  }

  #dropOldest(): void {
    const [oldest] = this.#others ?? [];
    this.#version = oldest?.[0];
    this.#stamp = oldest?.[1] ?? 0;
    if (oldest !== undefined) this.#others?.delete(oldest[0]);
  }
}
