import type { Logger } from 'pino';
import type { Families } from '../kernel/families.ts';
import { MalformedViewError } from './malformed-view.ts';
import { decodeServiceView } from './read-service-view.ts';
import type { ServiceView } from './service-view.ts';
import type { Rejections, ViewResponse } from './view-protocol.ts';

/** Writes what the controller sends into the tables. */
export class ViewSink {
  readonly #families: Families;
  readonly #logger: Logger;
  readonly #observe: (view: ServiceView) => void;

  /** @param observe is told of every view, and, without frontends, of those that are gone */
  constructor(families: Families, logger: Logger, observe: (view: ServiceView) => void = () => {}) {
    this.#families = families;
    this.#logger = logger;
    this.#observe = observe;
  }

  /** @returns the reasons, by name, why Services were not taken; what is malformed keeps its last good content */
  apply({ resources, removed }: Pick<ViewResponse, 'resources' | 'removed'>): Rejections {
    const rejected = new Map<string, string>();
    for (const name of removed) this.#put({ key: name, frontends: [], healthCheck: undefined, endpointsChangedMs: 0 });
    for (const { name, body } of resources) {
      try {
        this.#put(decodeServiceView(name, body));
      } catch (error) {
        if (!(error instanceof MalformedViewError)) throw error;
        rejected.set(name, error.message);
        this.#logger.warn({ service: name, reason: error.message }, 'Rejected a Service from the controller');
      }
    }
    return rejected;
  }

  /** A view with one family removes the other family's frontends. */
  #put(view: ServiceView): void {
    this.#observe(view);
    const { key, frontends } = view;
    for (const family of ['IPv4', 'IPv6'] as const) {
      const ofFamily = frontends.filter((frontend) => frontend.family === family);
      this.#families[family]?.elements.put(key, ofFamily);
    }
  }
}
