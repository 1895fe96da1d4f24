import type { Logger } from 'pino';
import type { KubernetesKind } from '../kinds.ts';
import type { SourceStats } from '../source.ts';
import type { ClusterAccess } from './cluster-access.ts';
import type { ReflectorLimits } from './limits.ts';
import type { ObjectFeed } from './object-feed.ts';

/** Counters of one kind since the start. */
export interface ReflectorStats extends SourceStats {
  /** Objects that exist now, as far as is known. */
  readonly objects: number;
  /** Watches that the server accepted. */
  readonly watches: number;
  readonly bookmarks: number;
  /** Why the last list or watch failed; undefined once one succeeded. */
  readonly lastError: string | undefined;
}

export type Counters = { -readonly [K in keyof Omit<ReflectorStats, 'objects'>]: ReflectorStats[K] };

export function newCounters(): Counters {
  return { lists: 0, watches: 0, events: 0, bookmarks: 0, errors: 0, lastError: undefined, lastEventAt: undefined };
}

/** What listing and watching one kind needs. */
export interface ReflectorContext {
  readonly kind: KubernetesKind;
  readonly access: ClusterAccess;
  readonly feed: ObjectFeed;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly limits: ReflectorLimits;
}
