/** One delta response about one type, decoded. */
export interface DeltaResponse {
  readonly nonce: string;
  readonly resources: readonly {
    readonly name: string;
    readonly version: string;
    readonly body: Uint8Array;
  }[];
  readonly removed: readonly string[];
}

/** What a request of the type says; fields as in envoy.service.discovery.v3.DeltaDiscoveryRequest. */
export interface DeltaRequest {
  readonly resourceNamesSubscribe?: readonly string[];
  readonly resourceNamesUnsubscribe?: readonly string[];
  readonly initialResourceVersions?: Readonly<Record<string, string>>;
  readonly responseNonce?: string;
  readonly errorDetail?: { readonly code: number; readonly message: string };
}

/**
 * Nothing has this name, so the server answers it with `removed_resources`. It answers in order and delta has no other
 * mark for the end of the first list, which a server may split: a response with nothing else in it is that end.
 */
export const endOfList = 'fairlead.dev/end-of-list';

/** Longest reason of a NACK, in characters: errors travel in the server's logs and status. */
const reasonLength = 1_000;

/** google.rpc.Code.INVALID_ARGUMENT */
const invalidArgument = 3;

/** Where the question for the end mark stands. */
type EndMark = 'Asking' | 'Answered' | 'Withdrawn';

/** The client's half of a wildcard subscription of one type: names, versions, and whether the first list is complete. */
export class WildcardSubscription {
  readonly #versions = new Map<string, string>();
  #endMark: EndMark = 'Asking';

  /** Whether the whole list was received once; stays true when the connection is lost. */
  get complete(): boolean {
    return this.#endMark !== 'Asking';
  }

  /** Known resources. */
  get size(): number {
    return this.#versions.size;
  }

  /** The first request on a new stream: names what is known, so that it is not sent again. */
  open(): DeltaRequest {
    if (this.complete) this.#endMark = 'Withdrawn';
    return {
      resourceNamesSubscribe: this.complete ? ['*'] : ['*', endOfList],
      initialResourceVersions: Object.fromEntries(this.#versions),
    };
  }

  /** Takes a response in; `rejected` has the reasons by name, and those resources keep their last good version. */
  receive(response: DeltaResponse, rejected: ReadonlyMap<string, string>): void {
    for (const { name, version } of response.resources) if (!rejected.has(name)) this.#versions.set(name, version);
    for (const name of response.removed) this.#versions.delete(name);
    const isEnd = response.resources.length === 0 && response.removed.includes(endOfList);
    if (isEnd && this.#endMark === 'Asking') this.#endMark = 'Answered';
  }

  /** ACK, or NACK when something was rejected. */
  acknowledge(response: DeltaResponse, rejected: ReadonlyMap<string, string>): DeltaRequest {
    const request = { responseNonce: response.nonce, ...this.#endMarkNames() };
    if (rejected.size === 0) return request;
    const message = [...rejected.values()].join('; ').slice(0, reasonLength);
    return { ...request, errorDetail: { code: invalidArgument, message } };
  }

  /** Asks for the mark again after each part of the list; withdraws the question once it was answered. */
  #endMarkNames(): DeltaRequest {
    switch (this.#endMark) {
      case 'Asking':
        return { resourceNamesSubscribe: [endOfList] };
      case 'Answered':
        this.#endMark = 'Withdrawn';
        return { resourceNamesUnsubscribe: [endOfList] };
      case 'Withdrawn':
        return {};
    }
  }
}
