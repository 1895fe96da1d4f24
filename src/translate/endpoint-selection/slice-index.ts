import type { Endpoint, EndpointSlice } from '../../model/endpoint.ts';
import { byEndpoint, isUsable } from './candidates.ts';

/** Answers about one slice, whichever the port. What costs something is computed when it is first asked for. */
export class SliceIndex {
  readonly hasHints: boolean;
  readonly isUsable: boolean;
  readonly #endpoints: readonly Endpoint[];
  #sorted: readonly Endpoint[] | undefined;
  #byNode: ReadonlyMap<string, readonly Endpoint[]> | undefined;

  constructor({ endpoints }: EndpointSlice) {
    this.#endpoints = endpoints;
    this.hasHints = endpoints.some(isHinted);
    this.isUsable = endpoints.some(isUsable);
  }

  /** In order of address. */
  get sorted(): readonly Endpoint[] {
    this.#sorted ??= [...this.#endpoints].sort(byEndpoint);
    return this.#sorted;
  }

  /** Those that run on a node. */
  at(nodeName: string): readonly Endpoint[] {
    this.#byNode ??= groupByNode(this.#endpoints);
    return this.#byNode.get(nodeName) ?? none;
  }
}

export function isHinted({ hintNodes, hintZones }: Endpoint): boolean {
  return hintNodes.length > 0 || hintZones.length > 0;
}

const none: readonly Endpoint[] = [];

function groupByNode(endpoints: readonly Endpoint[]): ReadonlyMap<string, readonly Endpoint[]> {
  const groups = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    if (endpoint.nodeName === undefined) continue;
    const group = groups.get(endpoint.nodeName);
    if (group === undefined) groups.set(endpoint.nodeName, [endpoint]);
    else group.push(endpoint);
  }
  return groups;
}

const indexes = new WeakMap<EndpointSlice, SliceIndex>();

/**
 * Lives as long as the slice, which never changes: of a Service with fifty slices, the change of one costs one. An index
 * takes more memory than a small slice, so a caller that needs only one answer about a slice does without one.
 */
export function indexOf(slice: EndpointSlice): SliceIndex {
  const known = indexes.get(slice);
  if (known !== undefined) return known;
  const index = new SliceIndex(slice);
  indexes.set(slice, index);
  return index;
}
