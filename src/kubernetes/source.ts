import type { ModelUpdate } from '../model/model.ts';
import type { Problem } from '../model/problem.ts';

/** What a source reports. Calls come one at a time, in order. */
export interface SourceListener {
  /** A batch that belongs together: one file's change, one watch event. What is long (a list, all files) comes in pieces. */
  update(updates: readonly ModelUpdate[]): void;
  /** All problems of one origin (a file, or an object of the API server); replaces the previous ones; an empty list clears them. */
  problems(origin: string, problems: readonly Problem[]): void;
  /** Once: everything that existed at the start was delivered. */
  synced(): void;
}

/** Where objects come from: a directory of manifests or an API server. */
export interface Source {
  start(listener: SourceListener): void;
  /** Resolves when nothing more will be reported. */
  stop(): Promise<void>;
  /** What is still awaited before `synced`, by name (readiness); empty afterwards. */
  blockers(): readonly string[];
  /** Counters by the kind's plural name, where the source has any. */
  stats?(): ReadonlyMap<string, SourceStats>;
}

/** The progress of reading one kind. */
export interface SourceStats {
  /** Complete lists; all but the first are relists. */
  readonly lists: number;
  /** Objects that were added, changed or deleted in watches. */
  readonly events: number;
  /** Lists and watches that failed or lost track. */
  readonly errors: number;
  /** Unix time in milliseconds of the last list, event or bookmark. */
  readonly lastEventAt: number | undefined;
}
