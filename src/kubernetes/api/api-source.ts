import type { Logger } from 'pino';
import { type KubernetesKind, kubernetesKinds } from '../kinds.ts';
import type { Source, SourceListener } from '../source.ts';
import { type AccessOrigin, ClusterAccess } from './cluster-access.ts';
import { defaultLimits, type ReflectorLimits } from './limits.ts';
import { ObjectFeed } from './object-feed.ts';
import { Reflector } from './reflector.ts';
import type { ReflectorStats } from './reflector-context.ts';

export interface ApiSourceOptions {
  readonly origin: AccessOrigin;
  readonly logger: Logger;
  /** What is read; default: all kinds of the model. */
  readonly kinds?: readonly KubernetesKind[];
  readonly limits?: Partial<ReflectorLimits>;
}

/**
 * The kinds of the model from a Kubernetes API server. While the server is unavailable or refuses, what was known
 * stays; each failure is logged with the server's address and the reason, and tried again.
 */
export class ApiSource implements Source {
  readonly #options: ApiSourceOptions;
  readonly #access: ClusterAccess;
  readonly #ended = new AbortController();
  readonly #kinds: readonly KubernetesKind[];
  readonly #awaited: Set<string>;
  #reflectors: ReadonlyMap<string, Reflector> = new Map();
  #runs: Promise<unknown> = Promise.resolve();

  /** Throws FairleadError KUBECONFIG_INVALID when the origin cannot be used. */
  constructor(options: ApiSourceOptions) {
    this.#options = options;
    this.#kinds = options.kinds ?? kubernetesKinds;
    this.#awaited = new Set(this.#kinds.map((kind) => kind.resource));
    this.#access = new ClusterAccess(options.origin);
  }

  start(listener: SourceListener): void {
    const { logger, limits } = this.#options;
    const shared = { access: this.#access, logger, limits: { ...defaultLimits, ...limits } };
    const reflectors = this.#kinds.map((kind): [string, Reflector] => {
      const feed = new ObjectFeed(kind, listener);
      return [kind.resource, new Reflector({ ...shared, kind, feed }, () => this.#complete(kind.resource, listener))];
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

  #complete(resource: string, listener: SourceListener): void {
    if (this.#awaited.delete(resource) && this.#awaited.size === 0) listener.synced();
  }
}
