import type { Logger } from 'pino';
import { errorText } from '../../base/error-text.ts';
import type { KubernetesKind } from '../kinds.ts';
import type { SourceListener } from '../source.ts';
import type { ClusterAccess } from './cluster-access.ts';
import type { ReflectorLimits } from './limits.ts';
import { ObjectFeed } from './object-feed.ts';
import { Reflector } from './reflector.ts';
import type { ReflectorStats } from './reflector-context.ts';

export interface KindReaderOptions {
  readonly kind: KubernetesKind;
  readonly access: ClusterAccess;
  readonly logger: Logger;
  readonly limits: ReflectorLimits;
  readonly listener: SourceListener;
  /** All that exists was passed on. */
  readonly complete: () => void;
  /** There may be objects where there were none, or none where there were some. */
  readonly changed: () => void;
}

/** Reads one kind while it is wanted. */
export class KindReader {
  readonly kind: KubernetesKind;
  readonly #feed: ObjectFeed;
  readonly #reflector: Reflector;
  readonly #logger: Logger;
  /** Undefined: it is not read. */
  #reading: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor({ kind, access, logger, limits, listener, complete, changed }: KindReaderOptions) {
    this.kind = kind;
    this.#logger = logger;
    this.#feed = new ObjectFeed(kind, listener, changed);
    this.#reflector = new Reflector({ kind, access, logger, limits, feed: this.#feed }, complete);
  }

  /** Objects that exist. */
  get size(): number {
    return this.#feed.size;
  }

  get stats(): ReflectorStats {
    return this.#reflector.stats;
  }

  start(): void {
    if (this.#reading !== undefined) return;
    const reading = new AbortController();
    this.#reading = reading;
    this.#ended = this.#ended.then(() => this.#reflector.run(reading.signal));
  }

  /** Resolves when nothing more will be passed on. */
  stop(): Promise<void> {
    this.#reading?.abort();
    this.#reading = undefined;
    return this.#ended;
  }

  /** Stops, and passes on that what was read is gone. */
  forget(): void {
    if (this.#reading === undefined) return;
    this.#ended = this.stop().then(() => this.#drop());
  }

  async #drop(): Promise<void> {
    try {
      await this.#feed.finishRelist(this.#feed.beginRelist());
      this.#logger.info({ resource: this.kind.resource }, 'Stopped reading objects that are of no more use');
    } catch (error) {
      this.#logger.error({ resource: this.kind.resource, reason: errorText(error) }, 'Could not pass objects on');
    }
  }
}
