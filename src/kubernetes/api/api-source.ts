import type { Logger } from 'pino';
import type { Conversion } from '../conversion.ts';
import type { Source, SourceListener } from '../source.ts';
import { type AccessOrigin, ClusterAccess } from './cluster-access.ts';
import { defaultLimits, type ReflectorLimits } from './limits.ts';
import { ObjectFeed } from './object-feed.ts';
import { Reflector } from './reflector.ts';
import type { ReflectorStats } from './reflector-context.ts';
import { watchedKinds } from './watched-kind.ts';

export interface ApiSourceOptions {
  readonly origin: AccessOrigin;
  readonly logger: Logger;
  /** What an object means for the model; everything else of it is dropped at once. */
  readonly convert: (object: unknown) => Conversion;
  readonly limits?: Partial<ReflectorLimits>;
}

/**
 * Services, EndpointSlices and Nodes of a Kubernetes API server. While the server is away or refuses, what was told
 * stays; each failure is logged with the server's address and the reason, and tried again.
 */
export class ApiSource implements Source {
  readonly #options: ApiSourceOptions;
  readonly #access: ClusterAccess;
  readonly #ended = new AbortController();
  readonly #awaited = new Set<string>(watchedKinds.map((kind) => kind.resource));
  #reflectors: ReadonlyMap<string, Reflector> = new Map();
  #runs: Promise<unknown> = Promise.resolve();

  /** Throws FairleadError KUBECONFIG_INVALID when the origin cannot be used. */
  constructor(options: ApiSourceOptions) {
    this.#options = options;
    this.#access = new ClusterAccess(options.origin);
  }

  start(listener: SourceListener): void {
    const { logger, convert, limits } = this.#options;
    const shared = { access: this.#access, logger, limits: { ...defaultLimits, ...limits } };
    const reflectors = watchedKinds.map((kind): [string, Reflector] => {
      const feed = new ObjectFeed(kind, convert, listener);
      return [kind.resource, new Reflector({ ...shared, kind, feed }, () => this.#listed(kind.resource, listener))];
    });
    this.#reflectors = new Map(reflectors);
    logger.info({ server: this.#access.server }, 'Started to watch the API server');
    this.#runs = Promise.all(reflectors.map(([, reflector]) => reflector.run(this.#ended.signal)));
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#runs;
    this.#access.close();
  }

  /** Plural names of the kinds that were not listed yet. */
  blockers(): readonly string[] {
    return [...this.#awaited];
  }

  /** Counters by the kind's plural name, for metrics. */
  stats(): ReadonlyMap<string, ReflectorStats> {
    return new Map([...this.#reflectors].map(([resource, reflector]) => [resource, reflector.stats]));
  }

  #listed(resource: string, listener: SourceListener): void {
    if (this.#awaited.delete(resource) && this.#awaited.size === 0) listener.synced();
  }
}
