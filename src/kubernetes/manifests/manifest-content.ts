import type { ModelUpdate } from '../../model/model.ts';
import { fileRef, type Problem } from '../../model/problem.ts';
import type { ProblemCode } from '../../model/problem-codes.ts';
import { convertObject } from '../convert.ts';
import { type ParsedObject, parseManifest } from './parse-manifest.ts';

/** One object of a file. */
export interface ManifestEntry {
  /** `Service default/web`. */
  readonly id: string;
  readonly line: number;
  readonly update: ModelUpdate;
}

/** All that one file says. Plain data: it crosses threads. */
export interface ManifestContent {
  readonly entries: readonly ManifestEntry[];
  readonly problems: readonly Problem[];
  /** Something in it could not be read at all, so what is missing may be in there. */
  readonly broken: boolean;
}

/** A large file that repeats one mistake everywhere must not flood the log. */
const maxProblems = 200;

/** Parses and converts the text of one file; see parseManifest and convertObject. */
export function contentOf(text: string, file: string): ManifestContent {
  const parsed = parseManifest(text, file);
  const entries: ManifestEntry[] = [];
  const problems: Problem[] = [...parsed.problems];
  for (const object of parsed.objects) {
    const { entry, problems: found } = entryOf(object, file);
    if (entry !== undefined) entries.push(entry);
    for (const problem of found) problems.push({ ...problem, origin: `${file}:${object.line}` });
  }
  return { entries, problems: capped(problems, file), broken: parsed.problems.length > 0 };
}

function capped(problems: readonly Problem[], file: string): readonly Problem[] {
  const left = problems.length - maxProblems;
  if (left <= 0) return problems;
  return [...problems.slice(0, maxProblems), fileProblem(file, 1, 'TooManyProblems', `has ${left} more problems`)];
}

/** A file none of which can be read. */
export function brokenContent(file: string, line: number, message: string): ManifestContent {
  return { entries: [], problems: [fileProblem(file, line, 'UnreadableFile', message)], broken: true };
}

function fileProblem(file: string, line: number, code: ProblemCode, message: string): Problem {
  return { object: fileRef(file), field: '', code, message, origin: `${file}:${line}` };
}

interface Entry {
  readonly entry?: ManifestEntry;
  readonly problems: readonly Problem[];
}

function entryOf({ object, line }: ParsedObject, file: string): Entry {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    return { problems: [fileProblem(file, line, 'InvalidManifest', 'a document is not an object; it is left out')] };
  }
  const { update, problems } = convertObject(object);
  if (update === undefined) return { problems };
  return { entry: { id: `${update.kind} ${update.key}`, line, update }, problems };
}
