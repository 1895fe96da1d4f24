import { bucketOf } from './held-digests.ts';
import type { HeldViews } from './held-views.ts';
import { type Rejections, type ViewProtocol, type ViewRequest, type ViewResponse, verdictOn } from './view-protocol.ts';

/**
 * fairlead.node.v1.NodeDiscovery. The first request has digests of what is held; what is in a bucket that differs is
 * marked, and dropped if it was not sent again by the time everything has been sent.
 */
export class NodeProtocol implements ViewProtocol {
  readonly method = '/fairlead.node.v1.NodeDiscovery/StreamNode';
  readonly #held: HeldViews;
  #buckets = 1;
  /** Held before this stream, in a bucket that differs, and not sent again yet. */
  readonly #marked = new Set<string>();

  constructor(held: HeldViews) {
    this.#held = held;
  }

  open(): ViewRequest {
    const known = this.#held.known();
    if (known === undefined) return { resourceNamesSubscribe: ['*'] };
    this.#buckets = known.buckets;
    return { resourceNamesSubscribe: ['*'], known };
  }

  take(response: ViewResponse): ViewResponse {
    if (response.staleBuckets.length > 0) this.#mark(new Set(response.staleBuckets));
    for (const { name } of response.resources) this.#marked.delete(name);
    for (const name of response.removed) this.#marked.delete(name);
    if (!response.complete || this.#marked.size === 0) return response;
    const swept = [...this.#marked];
    this.#marked.clear();
    return { ...response, removed: [...response.removed, ...swept] };
  }

  record(response: ViewResponse, rejected: Rejections): void {
    for (const name of response.removed) this.#held.delete(name);
    for (const { name, version } of response.resources) if (!rejected.has(name)) this.#held.set(name, version);
    if (response.complete) this.#held.isComplete = true;
  }

  acknowledge(response: ViewResponse, rejected: Rejections): ViewRequest {
    return verdictOn(response, rejected);
  }

  #mark(stale: ReadonlySet<number>): void {
    for (const name of this.#held.versions.keys()) {
      if (stale.has(bucketOf(name, this.#buckets))) this.#marked.add(name);
    }
  }
}
