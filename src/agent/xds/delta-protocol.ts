import type { HeldViews } from './held-views.ts';
import { type Rejections, type ViewProtocol, type ViewRequest, type ViewResponse, verdictOn } from './view-protocol.ts';

/**
 * Nothing has this name, so the server answers it with `removed_resources`. It answers in order and delta has no other
 * mark for the end of the first list, which a server may split: a response with nothing else in it marks the end.
 */
export const endOfList = 'fairlead.dev/end-of-list';

/** The state of the request for the end mark. */
type EndMark = 'Asking' | 'Answered' | 'Withdrawn';

/** Plain delta ADS, for a controller that has no NodeDiscovery. */
export class DeltaProtocol implements ViewProtocol {
  readonly method = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
  readonly #held: HeldViews;
  #endMark: EndMark;

  constructor(held: HeldViews) {
    this.#held = held;
    this.#endMark = held.isComplete ? 'Withdrawn' : 'Asking';
  }

  /** Names what is held, so that it is not sent again. */
  open(): ViewRequest {
    return {
      resourceNamesSubscribe: this.#endMark === 'Asking' ? ['*', endOfList] : ['*'],
      initialResourceVersions: Object.fromEntries(this.#held.versions),
    };
  }

  take(response: ViewResponse): ViewResponse {
    const isEnd = response.resources.length === 0 && response.removed.includes(endOfList);
    if (isEnd && this.#endMark === 'Asking') this.#endMark = 'Answered';
    return { ...response, removed: response.removed.filter((name) => name !== endOfList) };
  }

  record(response: ViewResponse, rejected: Rejections): void {
    for (const name of response.removed) this.#held.delete(name);
    for (const { name, version } of response.resources) if (!rejected.has(name)) this.#held.set(name, version);
    if (this.#endMark !== 'Asking') this.#held.isComplete = true;
  }

  acknowledge(response: ViewResponse, rejected: Rejections): ViewRequest {
    return { ...verdictOn(response, rejected), ...this.#endMarkNames() };
  }

  /** Asks for the mark again after each part of the list; unsubscribes once it has been answered. */
  #endMarkNames(): ViewRequest {
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
