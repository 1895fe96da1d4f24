import { keyOf } from './address.ts';
import type { EndpointSlice } from './endpoint.ts';

/** Slices by the key of the Service that they belong to. A list never changes; it is replaced. */
export class SlicesByService {
  readonly #slices = new Map<string, readonly EndpointSlice[]>();

  /** In order of name. */
  of(serviceKey: string): readonly EndpointSlice[] {
    return this.#slices.get(serviceKey) ?? none;
  }

  /** Puts `after` in the place of `before`; returns the keys of the Services that have other slices now. */
  replace(before: EndpointSlice | undefined, after: EndpointSlice | undefined): readonly string[] {
    const keys = new Set([before, after].flatMap((slice) => (slice === undefined ? [] : serviceKeyOf(slice))));
    for (const key of keys) {
      const others = this.of(key).filter((slice) => slice !== before);
      const belongs = after !== undefined && serviceKeyOf(after) === key;
      this.#set(key, belongs ? [...others, after].sort(byName) : others);
    }
    return [...keys];
  }

  #set(key: string, slices: readonly EndpointSlice[]): void {
    if (slices.length === 0) this.#slices.delete(key);
    else this.#slices.set(key, slices);
  }
}

const none: readonly EndpointSlice[] = [];

function serviceKeyOf(slice: EndpointSlice): string {
  return keyOf({ namespace: slice.namespace, name: slice.serviceName });
}

/** Those of one Service are of one namespace. */
function byName(a: EndpointSlice, b: EndpointSlice): number {
  return a.name < b.name ? -1 : 1;
}
