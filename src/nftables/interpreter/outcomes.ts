import type { Host, Trace } from './flight.ts';
import { type TraceInput, trace } from './trace.ts';

/** Stops the search where a table has more random choices than anyone wants to read. */
const defaultLimit = 10_000;

/** One of several things that may become of a packet. */
export interface Outcome extends Trace {
  readonly probability: number;
}

/**
 * Every outcome that the random choices of the tables allow, in the order of the choices; each path with its own trace.
 * @throws Error when there are more than `limit`
 */
export function outcomes(
  input: Omit<TraceInput, 'host'> & { readonly host: Omit<Host, 'random'> },
  limit = defaultLimit,
): readonly Outcome[] {
  const traces: Outcome[] = [];
  const pending: (readonly number[])[] = [[]];
  for (let choices = pending.pop(); choices !== undefined; choices = pending.pop()) {
    if (traces.length >= limit) throw new Error(`There are more than ${limit} outcomes`);
    const { result, branches } = traceWith(input, choices);
    traces.push(result);
    pending.push(...branches.reverse());
  }
  return traces;
}

/** Follows the given choices and then always 0; `branches` are the choices not taken behind the given ones. */
function traceWith(
  input: Parameters<typeof outcomes>[0],
  choices: readonly number[],
): { readonly result: Outcome; readonly branches: (readonly number[])[] } {
  const taken: number[] = [];
  let probability = 1;
  const branches: (readonly number[])[] = [];
  const random = (modulus: number): number => {
    const chosen = choices[taken.length] ?? 0;
    if (taken.length >= choices.length) {
      for (let other = 1; other < modulus; other += 1) branches.push([...taken, other]);
    }
    taken.push(chosen);
    probability /= modulus;
    return chosen;
  };
  const result = trace({ ...input, host: { ...input.host, random } });
  return { result: { ...result, probability }, branches };
}
