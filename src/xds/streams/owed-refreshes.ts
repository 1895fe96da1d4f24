import type { ResourceName } from '../../resources/resource-name.ts';

/** A client that takes clusters and never asks for their endpoints is not worth more memory. */
const mostNames = 10_000;

/**
 * Resources that have to be sent again once the client asks for their type. A client that returns asks for one type after
 * another, and may have been sent a changed cluster before its request for endpoints was read.
 */
export class OwedRefreshes {
  readonly #byType = new Map<string, Set<string> | 'All'>();

  owe({ typeUrl, name }: ResourceName): void {
    const names = this.#byType.get(typeUrl) ?? new Set();
    if (names === 'All') return;
    names.add(name);
    this.#byType.set(typeUrl, names.size > mostNames ? 'All' : names);
  }

  /** After this they are no longer owed. */
  take(typeUrl: string): ReadonlySet<string> | 'All' {
    const names = this.#byType.get(typeUrl) ?? new Set();
    this.#byType.delete(typeUrl);
    return names;
  }
}
