import type { Logger } from 'pino';
import { type KubernetesKind, kubernetesKinds, nameOf } from '../kinds.ts';
import type { Source, SourceListener } from '../source.ts';
import { type AccessOrigin, ClusterAccess } from './cluster-access.ts';
import { KindReader } from './kind-reader.ts';
import { defaultLimits, type ReflectorLimits } from './limits.ts';
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
  readonly #kinds: readonly KubernetesKind[];
  readonly #awaited: Set<string>;
  #readers: readonly KindReader[] = [];

  /** Throws FairleadError KUBECONFIG_INVALID when the origin cannot be used. */
  constructor(options: ApiSourceOptions) {
    this.#options = options;
    this.#kinds = options.kinds ?? kubernetesKinds;
    this.#awaited = new Set(this.#kinds.map(nameOf));
    this.#access = new ClusterAccess(options.origin);
  }

  start(listener: SourceListener): void {
    const { logger, limits } = this.#options;
    const shared = { access: this.#access, logger, limits: { ...defaultLimits, ...limits } };
    this.#readers = this.#kinds.map((kind) => {
      const complete = () => {
        this.#complete(kind, listener);
        this.#adjust(listener);
      };
      return new KindReader({ ...shared, kind, listener, complete, changed: () => this.#adjust(listener) });
    });
    logger.info({ server: this.#access.server }, 'Started to watch the API server');
    for (const reader of this.#readers) if (reader.kind.readWith === undefined) reader.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.stop()));
    this.#access.close();
  }

  /** Names of the kinds that were not listed yet. */
  blockers(): readonly string[] {
    return [...this.#awaited];
  }

  /** Counters by the kind's name, for metrics. */
  stats(): ReadonlyMap<string, ReflectorStats> {
    return new Map(this.#readers.map((reader) => [nameOf(reader.kind), reader.stats]));
  }

  #complete(kind: KubernetesKind, listener: SourceListener): void {
    if (this.#awaited.delete(nameOf(kind)) && this.#awaited.size === 0) listener.synced();
  }

  /** Reads what is read only with objects of other kinds, or not. */
  #adjust(listener: SourceListener): void {
    for (const reader of this.#readers) {
      const { readWith } = reader.kind;
      if (readWith === undefined) continue;
      const others = this.#readers.filter(({ kind }) => readWith.includes(kind.kind));
      if (others.some(({ size }) => size > 0)) reader.start();
      else if (others.every(({ kind }) => !this.#awaited.has(nameOf(kind)))) {
        reader.forget();
        this.#complete(reader.kind, listener);
      }
    }
  }
}
