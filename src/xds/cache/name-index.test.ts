import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NameIndex, nowhere } from './name-index.ts';

type Step =
  | { readonly do: 'add'; readonly id: number; readonly name: string; readonly version: string }
  | { readonly do: 'remove' | 'forgetVersion'; readonly id: number };

const id = fc.nat(300);
/** Some are known already, some have the hash of another's beginning. */
const name = fc.oneof(fc.constantFrom('a', 'b', 'ü', 'name-1'), fc.string({ minLength: 1, unit: 'binary' }));
const version = fc.string({ maxLength: 20, unit: 'grapheme-ascii' });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), id, name, version }) },
  fc.record({ do: fc.constantFrom('remove' as const, 'forgetVersion' as const), id }),
);

/** The index and what it should know. */
class World {
  readonly #index = new NameIndex();
  readonly #model = new Map<number, { readonly name: string; version: string | undefined }>();
  #stamp = 2;
  #last = nowhere;

  apply(step: Step): void {
    if (step.do === 'add') this.#add(step.id, step.name, step.version);
    else if (step.do === 'remove') {
      this.#index.remove(step.id);
      this.#model.delete(step.id);
    } else this.#forget(step.id);
  }

  check(): void {
    for (const [known, { name, version }] of this.#model) {
      expect(this.#find(name)).toBe(known);
      expect(this.#stampOf(known, 'none such')).toBe(0);
      if (version !== undefined) expect(this.#stampOf(known, version)).toBeGreaterThan(0);
    }
    for (const other of ['', 'a', 'b', 'ü', 'name-1', 'name-2']) {
      const expected = [...this.#model].find(([, { name }]) => name === other)?.[0] ?? nowhere;
      expect(this.#find(other)).toBe(expected);
    }
  }

  #add(id: number, name: string, version: string): void {
    if (this.#model.has(id) || this.#find(name) !== nowhere) return;
    const bytes = Buffer.from(`before${name}after`);
    this.#index.add(id, bytes, 6, bytes.length - 5);
    this.#stamp += 1;
    this.#index.setVersion(id, version, this.#stamp);
    // What is longer than any version of ours is not kept.
    this.#model.set(id, { name, version: version.length < 16 ? version : undefined });
  }

  #forget(id: number): void {
    this.#index.forgetVersion(id);
    const known = this.#model.get(id);
    if (known !== undefined) known.version = undefined;
  }

  /** Whatever came before. */
  #find(name: string): number {
    const bytes = Buffer.from(name);
    const found = this.#index.find(bytes, 0, bytes.length, this.#last);
    this.#last = found;
    return found;
  }

  #stampOf(id: number, version: string): number {
    const bytes = Buffer.from(version);
    return this.#index.stampOf(id, bytes, 0, bytes.length);
  }
}

describe('an index of names', () => {
  it('knows what a Map knows, whatever is added and removed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const world = new World();
        for (const each of steps) world.apply(each);
        world.check();
      }),
    );
  });

  it('takes names of clients that come and go without growing', () => {
    const index = new NameIndex();
    for (let round = 0; round < 10_000; round += 1) {
      const bytes = Buffer.from(`name-${round}`);
      index.add(round % 10, bytes, 0, bytes.length);
      expect(index.find(bytes, 0, bytes.length)).toBe(round % 10);
      index.remove(round % 10);
      expect(index.find(bytes, 0, bytes.length)).toBe(nowhere);
    }
    expect(index.byteLength).toBeLessThan(10_000);
  });
});
