import type { ObjectRef, Problem } from '../model/problem.ts';
import type { ProblemCode } from '../model/problem-codes.ts';

/** One object with a thousand broken endpoints must not become a thousand log lines. */
const maxProblems = 20;

/** Collects what is wrong with one object, all of it, not the first only. */
export class ProblemList {
  readonly object: ObjectRef;
  readonly #problems: Problem[] = [];
  #left = 0;

  constructor(object: ObjectRef) {
    this.object = object;
  }

  add(field: string, code: ProblemCode, message: string): void {
    const { object } = this;
    if (this.#problems.length < maxProblems) this.#problems.push({ object, field, code, message });
    else this.#left += 1;
  }

  toArray(): readonly Problem[] {
    if (this.#left === 0) return this.#problems;
    const message = `has ${this.#left} more problems`;
    return [...this.#problems, { object: this.object, field: '', code: 'TooManyProblems', message }];
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
