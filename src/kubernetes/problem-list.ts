import type { Problem } from '../model/problem.ts';

/** One object with a thousand broken endpoints must not become a thousand log lines. */
const maxProblems = 20;

/** Collects what is wrong with one object, all of it, not the first only. */
export class ProblemList {
  readonly #object: string;
  readonly #problems: Problem[] = [];
  #left = 0;

  constructor(object: string) {
    this.#object = object;
  }

  add(field: string, reason: string): void {
    if (this.#problems.length < maxProblems) this.#problems.push({ object: this.#object, field, reason });
    else this.#left += 1;
  }

  toArray(): readonly Problem[] {
    if (this.#left === 0) return this.#problems;
    return [...this.#problems, { object: this.#object, field: '', reason: `has ${this.#left} more problems` }];
  }
}

/** A value as a message shows it, on one short line. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(clip(value));
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** At most 80 characters. */
export function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
