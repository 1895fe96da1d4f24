import type { ModelUpdate } from '../../model/model.ts';
import type { ObjectRef, Problem } from '../../model/problem.ts';
import { splitKey } from '../names.ts';
import type { ManifestContent, ManifestEntry } from './manifest-content.ts';

interface IndexedFile {
  /** The first of each id in the file. */
  readonly entries: ReadonlyMap<string, ManifestEntry>;
  readonly problems: readonly Problem[];
}

/** What a change of one file leads to. */
export interface IndexChange {
  readonly updates: readonly ModelUpdate[];
  /** Files of which `problemsOf` may say something else than before. */
  readonly files: ReadonlySet<string>;
}

/**
 * The objects of all files. If several files hold one object, the one in the first file by name is used, and the others are
 * reported; when it is removed, the next one takes over.
 */
export class ManifestIndex {
  readonly #files = new Map<string, IndexedFile>();
  readonly #claims = new Map<string, Set<string>>();

  get size(): number {
    return this.#claims.size;
  }

  files(): Iterable<string> {
    return this.#files.keys();
  }

  idsOf(file: string): ReadonlySet<string> {
    return new Set(this.#files.get(file)?.entries.keys());
  }

  /** Puts what a file says now in place of what it said before; undefined when it is gone. */
  replace(file: string, content: ManifestContent | undefined): IndexChange {
    const after = content === undefined ? undefined : indexed(file, content);
    const before = this.#files.get(file);
    const ids = [...new Set([...(before?.entries.keys() ?? []), ...(after?.entries.keys() ?? [])])];
    const served = ids.map((id) => this.#winner(id));
    const files = new Set([file, ...this.#claimants(ids)]);
    for (const id of before?.entries.keys() ?? []) this.#unclaim(id, file);
    if (after === undefined) this.#files.delete(file);
    else this.#files.set(file, after);
    for (const id of after?.entries.keys() ?? []) this.#claim(id, file);
    const updates = ids.flatMap((id, index) => difference(served[index]?.update, this.#winner(id)?.update) ?? []);
    return { updates, files: new Set([...files, ...this.#claimants(ids)]) };
  }

  /** Keeps the objects that a file had, and says what is wrong with it now. */
  replaceProblems(file: string, problems: readonly Problem[]): IndexChange {
    const before = this.#files.get(file);
    this.#files.set(file, { entries: before?.entries ?? new Map(), problems });
    return { updates: [], files: new Set([file]) };
  }

  problemsOf(file: string): readonly Problem[] {
    const own = this.#files.get(file);
    if (own === undefined) return [];
    const lost = [...own.entries.values()].flatMap((entry) => this.#lost(file, entry) ?? []);
    return [...own.problems, ...lost];
  }

  #lost(file: string, entry: ManifestEntry): Problem | undefined {
    const owner = this.#owner(entry.id);
    if (owner === undefined || owner === file) return undefined;
    const line = this.#files.get(owner)?.entries.get(entry.id)?.line ?? 1;
    return duplicate(file, entry, `is also in ${owner}:${line}, which is used; this one is ignored`);
  }

  #claimants(ids: readonly string[]): readonly string[] {
    return ids.flatMap((id) => [...(this.#claims.get(id) ?? [])]);
  }

  #owner(id: string): string | undefined {
    let first: string | undefined;
    for (const file of this.#claims.get(id) ?? []) if (first === undefined || file < first) first = file;
    return first;
  }

  #winner(id: string): ManifestEntry | undefined {
    const owner = this.#owner(id);
    return owner === undefined ? undefined : this.#files.get(owner)?.entries.get(id);
  }

  #claim(id: string, file: string): void {
    const files = this.#claims.get(id);
    if (files === undefined) this.#claims.set(id, new Set([file]));
    else files.add(file);
  }

  #unclaim(id: string, file: string): void {
    const files = this.#claims.get(id);
    files?.delete(file);
    if (files?.size === 0) this.#claims.delete(id);
  }
}

function indexed(file: string, content: ManifestContent): IndexedFile {
  const entries = new Map<string, ManifestEntry>();
  const problems: Problem[] = [...content.problems];
  for (const entry of content.entries) {
    const first = entries.get(entry.id);
    if (first === undefined) entries.set(entry.id, entry);
    else problems.push(duplicateInFile(file, entry, first));
  }
  return { entries, problems };
}

function duplicateInFile(file: string, entry: ManifestEntry, first: ManifestEntry): Problem {
  return duplicate(file, entry, `occurs twice in the file; the one on line ${first.line} is used, this one is ignored`);
}

function duplicate(file: string, { update, line }: ManifestEntry, message: string): Problem {
  const object: ObjectRef = { kind: update.kind, ...splitKey(update.key) };
  return { object, field: '', code: 'DuplicateObject', message, origin: `${file}:${line}` };
}

/** What the model must be told; an object that was never used (a headless Service) needs no deletion. */
function difference(before: ModelUpdate | undefined, after: ModelUpdate | undefined): ModelUpdate | undefined {
  if (JSON.stringify(before?.value) === JSON.stringify(after?.value)) return undefined;
  return after ?? (before === undefined ? undefined : deletion(before));
}

function deletion({ kind, key }: ModelUpdate): ModelUpdate {
  return { kind, key, value: undefined };
}
