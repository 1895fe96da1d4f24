import { errorText } from '../../base/error-text.ts';
import type { ModelUpdate } from '../../model/model.ts';
import type { Problem } from '../../model/problem.ts';
import { doubted, type FileState, gone, observed, remaining, type Settling, unknownFile } from './file-state.ts';
import { brokenContent, type ManifestContent } from './manifest-content.ts';
import { type IndexChange, ManifestIndex } from './manifest-index.ts';
import { parseText } from './parse-off-thread.ts';
import { readText } from './read-file.ts';
import { type FoundFile, isGone } from './scan-directory.ts';

export interface ManifestFilesOptions {
  readonly maxBytes: number;
  readonly settling: Settling;
  /** Ends what takes long. */
  readonly signal: AbortSignal;
}

/** The result of looking at a file. */
export type Look =
  | { readonly kind: 'Unchanged' }
  /** Look again after this many milliseconds. */
  | { readonly kind: 'Wait'; readonly ms: number }
  | { readonly kind: 'Taken'; readonly change: IndexChange };

const unchanged: Look = { kind: 'Unchanged' };

/** What was taken from each file, and which of them are about to change. */
export class ManifestFiles {
  readonly #options: ManifestFilesOptions;
  readonly #states = new Map<string, FileState>();
  readonly #index = new ManifestIndex();
  /** Files that were good as a whole once: if one of them breaks, its objects stay. */
  readonly #sound = new Set<string>();

  constructor(options: ManifestFilesOptions) {
    this.#options = options;
  }

  known(): readonly string[] {
    return [...this.#states.keys()];
  }

  /** No file is about to change. */
  get settled(): boolean {
    return [...this.#states.values()].every((state) => state.kind === 'Settled');
  }

  /** Objects known, those of broken files and duplicates included. */
  get size(): number {
    return this.#index.size;
  }

  problemsOf(file: string): readonly Problem[] {
    return this.#index.problemsOf(file);
  }

  /** The file stands there as found. */
  async look(file: string, found: FoundFile): Promise<Look> {
    const now = performance.now();
    const state = observed(this.#states.get(file) ?? unknownFile, found.stamp, now);
    this.#states.set(file, state);
    if (state.kind === 'Settled') return unchanged;
    const { settleMs, emptyMs } = this.#options.settling;
    const emptied = found.size === 0 && this.#index.idsOf(file).size > 0;
    const ms = this.#remaining(state, emptied ? emptyMs : settleMs, found);
    if (ms > 0) return { kind: 'Wait', ms };
    const content = state.content ?? (await this.#read(file, found.stamp));
    if (content === undefined) return { kind: 'Wait', ms: settleMs };
    return this.#consider(file, state, content, found);
  }

  /** The file is not there. `requiredMs` is how long it must stay away until its objects go. */
  lookGone(file: string, requiredMs: number): Look {
    const state = observed(this.#states.get(file) ?? unknownFile, gone, performance.now());
    this.#states.set(file, state);
    const ms = this.#remaining(state, requiredMs, undefined);
    if (ms > 0) return { kind: 'Wait', ms };
    this.#states.delete(file);
    this.#sound.delete(file);
    return { kind: 'Taken', change: this.#index.replace(file, undefined) };
  }

  #remaining(state: FileState, requiredMs: number, found: FoundFile | undefined): number {
    const age = found === undefined ? 0 : Math.max(0, Date.now() - found.changedMs);
    return remaining(state, requiredMs, this.#options.settling.patienceMs, { now: performance.now(), age });
  }

  /** Undefined when the file is no longer as it was found. */
  async #read(file: string, stamp: string): Promise<ManifestContent | undefined> {
    try {
      const read = await readText(file, this.#options.maxBytes);
      if (read.kind === 'Moving' || read.stamp !== stamp) return undefined;
      if (read.kind === 'Refused') return brokenContent(file, read.line, read.reason);
      return await parseText({ text: read.text, file }, this.#options.signal);
    } catch (error) {
      return isGone(error) ? undefined : brokenContent(file, 1, `cannot be read: ${errorText(error)}`);
    }
  }

  #consider(file: string, state: FileState, content: ManifestContent, found: FoundFile): Look {
    const doubtful = content.broken || this.#losesObjects(file, content);
    const ms = doubtful ? this.#remaining(state, this.#options.settling.doubtMs, found) : 0;
    if (ms > 0) {
      this.#states.set(file, doubted(state, content));
      return { kind: 'Wait', ms };
    }
    this.#states.set(file, { kind: 'Settled', stamp: found.stamp });
    return { kind: 'Taken', change: this.#take(file, content) };
  }

  #losesObjects(file: string, content: ManifestContent): boolean {
    const ids = new Set(content.entries.map(({ id }) => id));
    return [...this.#index.idsOf(file)].some((id) => !ids.has(id));
  }

  #take(file: string, content: ManifestContent): IndexChange {
    if (!content.broken) this.#sound.add(file);
    if (!content.broken || !this.#sound.has(file)) return this.#index.replace(file, content);
    return this.#index.replaceProblems(
      file,
      content.problems.map((problem) => (problem.object.kind === 'File' ? lastGood(problem) : problem)),
    );
  }
}

function lastGood(problem: Problem): Problem {
  return { ...problem, message: `${problem.message}; the last good state of the file is used` };
}

/** Changes of one round; if something changed twice, the last change counts. In the order in which they are told, in pieces. */
export function mergeUpdates(changes: readonly IndexChange[]): readonly ModelUpdate[] {
  const updates = new Map<string, ModelUpdate>();
  for (const change of changes)
    for (const update of change.updates) updates.set(`${update.kind} ${update.key}`, update);
  return [...updates.values()].sort((a, b) => rankOf(a) - rankOf(b));
}

/** Nodes before what has endpoints on them, so that it is translated once; what has gone behind what takes its place. */
function rankOf({ kind, value }: ModelUpdate): number {
  if (value === undefined) return 2;
  return kind === 'Node' ? 0 : 1;
}
