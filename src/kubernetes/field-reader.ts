import type { ProblemCode } from '../model/problem-codes.ts';
import { clip, type ProblemList, quote } from './problem-list.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Parent {
  readonly reader: FieldReader;
  readonly step: string;
}

/**
 * Reads the fields of one JSON object without trusting their types. A field that is absent or null is undefined;
 * what has a wrong type is reported with its path, the reason and `instead` (what is done without it), and is undefined too.
 */
export class FieldReader {
  readonly #fields: Fields;
  readonly #problems: ProblemList;
  readonly #parent: Parent | undefined;

  constructor(fields: Fields, problems: ProblemList, parent?: Parent) {
    this.#fields = fields;
    this.#problems = problems;
    this.#parent = parent;
  }

  /** `spec.ports[1].port`; keys that are not plain names are bracketed, as in `metadata.labels[a/b]`. */
  path(key = ''): string {
    const own = this.#parent === undefined ? '' : this.#parent.reader.path() + this.#parent.step;
    return own + stepOf(key, own);
  }

  /** Returns undefined, as the value that is not there. */
  report(key: string, message: string, code: ProblemCode = 'InvalidValue'): undefined {
    this.#problems.add(this.path(key), code, message);
  }

  keys(): readonly string[] {
    return Object.keys(this.#fields);
  }

  /** The same object as if it had no other fields. */
  only(keys: readonly string[]): FieldReader {
    const kept = Object.entries(this.#fields).filter(([key]) => keys.includes(key));
    return new FieldReader(Object.fromEntries(kept), this.#problems, this.#parent);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#fields, key);
  }

  raw(key: string): unknown {
    return this.has(key) ? (this.#fields[key] ?? undefined) : undefined;
  }

  string(key: string, instead: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'string') return value;
    return this.#refuse(key, value, 'a string', instead);
  }

  boolean(key: string, instead: string): boolean | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'boolean') return value;
    return this.#refuse(key, value, 'true or false', instead);
  }

  integer(key: string, min: number, max: number, instead: string): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    return this.#refuse(key, value, `a whole number from ${min} to ${max}`, instead);
  }

  number(key: string, min: number, max: number, instead: string): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= min && value <= max) return value;
    return this.#refuse(key, value, `a number from ${min} to ${max}`, instead);
  }

  /** The value, when it is one of `choices`. */
  choice<T extends string>(key: string, choices: readonly T[], instead: string): T | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const chosen = choices.find((choice) => choice === value);
    return chosen ?? this.#refuse(key, value, `one of ${choices.join(', ')}`, instead);
  }

  object(key: string, instead: string): FieldReader | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (isObject(value)) return this.#child(value, stepOf(key, this.path()));
    return this.#refuse(key, value, 'an object', instead);
  }

  /** The objects of a list; elements of another type are reported and left out. */
  objects(key: string, instead: string): readonly FieldReader[] {
    return this.#elements(key, instead, 'an object', (value, index) =>
      isObject(value) ? this.#child(value, `${stepOf(key, this.path())}[${index}]`) : undefined,
    );
  }

  /** The strings of a list; elements of another type are reported and left out. */
  strings(key: string, instead: string): readonly string[] {
    return this.#elements(key, instead, 'a string', (value) => (typeof value === 'string' ? value : undefined));
  }

  #elements<T>(
    key: string,
    instead: string,
    expected: string,
    read: (value: unknown, index: number) => T | undefined,
  ): readonly T[] {
    const list = this.raw(key);
    if (list === undefined) return [];
    if (!Array.isArray(list)) return this.#refuse(key, list, 'a list', instead) ?? [];
    const elements: T[] = [];
    list.forEach((value: unknown, index) => {
      const element = read(value, index);
      if (element === undefined) this.#refuse(`${key}[${index}]`, value, expected, 'it is left out');
      else elements.push(element);
    });
    return elements;
  }

  #child(fields: Fields, step: string): FieldReader {
    return new FieldReader(fields, this.#problems, { reader: this, step });
  }

  #refuse(key: string, value: unknown, expected: string, instead: string): undefined {
    return this.report(key, `is ${quote(value)}, not ${expected}; ${instead}`);
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stepOf(key: string, before: string): string {
  if (key === '') return '';
  if (!/^\w+(\[\d+\])*$/.test(key)) return `[${clip(key)}]`;
  return before === '' ? key : `.${key}`;
}
