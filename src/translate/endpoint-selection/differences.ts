import type { EndpointSlice } from '../../model/endpoint.ts';
import { type Candidate, identityOf } from './candidates.ts';

/** A slice that has the port, and under which number. */
export interface SlicePart {
  readonly slice: EndpointSlice;
  readonly port: number;
}

/** Those of either list that the other has not. */
export function changedSlices(before: readonly SlicePart[], now: readonly SlicePart[]) {
  return { gone: without(before, now), come: without(now, before) };
}

function without(parts: readonly SlicePart[], others: readonly SlicePart[]): readonly SlicePart[] {
  const ports = new Map(others.map(({ slice, port }) => [slice, port]));
  return parts.filter(({ slice, port }) => ports.get(slice) !== port);
}

/** Endpoints of either that the other has not, or has in another condition. */
export function changedCandidates({ gone, come }: ReturnType<typeof changedSlices>): readonly Candidate[] {
  const before = candidatesById(gone);
  const now = candidatesById(come);
  return [...valuesWithout(before, now), ...valuesWithout(now, before)];
}

function candidatesById(parts: readonly SlicePart[]): ReadonlyMap<string, Candidate> {
  const candidates = parts.flatMap(({ slice, port }) => slice.endpoints.map((endpoint) => ({ endpoint, port })));
  return new Map(candidates.map((candidate) => [identityOf(candidate), candidate]));
}

function valuesWithout<V>(map: ReadonlyMap<string, V>, other: ReadonlyMap<string, V>): readonly V[] {
  return [...map].filter(([key]) => !other.has(key)).map(([, value]) => value);
}
