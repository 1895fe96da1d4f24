import type { DataPathChoice, DataPathChoices } from '../model/policy.ts';

/** A kind of value that an annotation's text may hold. */
export interface ValueType<T> {
  /** Completes "is not ...". */
  readonly expected: string;
  /** Undefined when the text is none. */
  readonly read: (text: string) => T | undefined;
}

export function wholeNumber(min: number, max: number): ValueType<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    read: (text) => inRange(/^\d{1,15}$/.test(text) ? Number(text) : undefined, min, max),
  };
}

/** 0 to 100, with up to four decimals: Envoy counts in millionths. */
export const percentage: ValueType<number> = {
  expected: 'a percentage from 0 to 100 such as 12.5',
  read: (text) => inRange(/^\d{1,3}(\.\d{1,4})?$/.test(text) ? Number(text) : undefined, 0, 100),
};

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
const durationPart = /(\d{1,9}(?:\.\d{1,9})?)(ms|h|m|s)/g;
const wholeDuration = /^(?:\d{1,9}(?:\.\d{1,9})?(?:ms|h|m|s)){1,4}$/;

/** Go's and Gateway API's duration (GEP-2257, and fractions), in milliseconds. */
export function duration(minMs: number, maxMs: number): ValueType<number> {
  const atLeast = minMs === 0 ? '0s' : `${minMs}ms`;
  return {
    expected: `a duration from ${atLeast} to ${maxMs / 3_600_000}h such as 1.5s, 300ms or 1m30s`,
    read: (text) => inRange(wholeDuration.test(text) ? milliseconds(text) : undefined, minMs, maxMs),
  };
}

/** As `duration` reads it: 90000 is `1m30s`. */
export function formatDuration(ms: number): string {
  let left = ms;
  let text = '';
  for (const [unit, size] of Object.entries(unitMs)) {
    const amount = Math.floor(left / size);
    left -= amount * size;
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text === '' ? '0s' : text;
}

function milliseconds(text: string): number {
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(durationPart)) sum += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  return Math.round(sum);
}

export function oneOf<T extends string>(choices: readonly T[]): ValueType<T> {
  return {
    expected: choices.length === 2 ? choices.join(' or ') : `one of ${choices.join(', ')}`,
    read: (text) => choices.find((choice) => choice === text),
  };
}

/** `enabled` or `disabled`. */
export const onOrOff: ValueType<boolean> = {
  expected: 'enabled or disabled',
  read: (text) => (text === 'enabled' ? true : text === 'disabled' ? false : undefined),
};

/** Parts between commas, each once. */
export function listOf<T extends string>(choices: readonly T[]): ValueType<readonly T[]> {
  const one = oneOf(choices);
  return {
    expected: `a comma-separated list of ${choices.join(', ')}`,
    read: (text) => {
      const parts = text.split(',').flatMap((part) => one.read(part.trim()) ?? []);
      return parts.length === text.split(',').length ? [...new Set(parts)] : undefined;
    },
  };
}

/** `Envoy`, `Kernel`, or parts such as `http: Envoy` between commas, each protocol once. */
export const dataPathChoices: ValueType<DataPathChoices> = {
  expected: 'Envoy, Kernel, or a path by protocol such as "http: Envoy, tcp: Kernel"',
  read: (text) => {
    const both = paths.read(text);
    return both === undefined ? choicesByProtocol(text) : { http: both, tcp: both };
  },
};

const paths = oneOf<DataPathChoice>(['Envoy', 'Kernel']);
const pathOfProtocol = /^(http|tcp):\s*(\w+)$/;

function choicesByProtocol(text: string): DataPathChoices | undefined {
  const parts = text.split(',').map((part) => pathOfProtocol.exec(part.trim()));
  const choices = new Map(parts.flatMap((match) => (match === null ? [] : [[match[1], paths.read(match[2] ?? '')]])));
  if (choices.size !== parts.length || [...choices.values()].includes(undefined)) return undefined;
  const [http, tcp] = [choices.get('http'), choices.get('tcp')];
  return { ...(http === undefined ? {} : { http }), ...(tcp === undefined ? {} : { tcp }) };
}

function inRange(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}
