import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { errorText } from '../../base/error-text.ts';
import type { ModelUpdate } from '../../model/model.ts';
import type { Problem } from '../../model/problem.ts';
import { brokenContent, type ManifestContent } from './manifest-content.ts';
import { mergeUpdates } from './manifest-files.ts';
import { ManifestIndex } from './manifest-index.ts';
import { parseText } from './parse-off-thread.ts';
import { decode, readText, tooLarge } from './read-file.ts';
import { scanDirectory } from './scan-directory.ts';

export interface ReadManifestsOptions {
  /** What `-` stands for; default is the process's own. */
  readonly stdin?: Readable;
  /** Of one file or of the standard input; default 256 MiB. */
  readonly maxBytes?: number;
}

export interface Manifests {
  readonly updates: readonly ModelUpdate[];
  readonly problems: readonly Problem[];
  /** False when some of the input could not be read at all. */
  readonly complete: boolean;
}

/** Whole clusters are dumped into one file or pipe; a controller, which reads files while it works, takes less. */
const defaultMaxBytes = 256 * 1024 * 1024;

/**
 * Reads manifests once, each path a file (whatever its name), a directory with all below it, or `-`, the standard input.
 * What cannot be read is a problem, not an error; all good objects are in `updates`.
 */
export async function readManifests(paths: readonly string[], options: ReadManifestsOptions = {}): Promise<Manifests> {
  const reading: Reading = { contents: new Map(), unreadable: [], maxBytes: options.maxBytes ?? defaultMaxBytes };
  for (const path of new Set(paths)) {
    if (path === '-') reading.contents.set('-', await readInput(options.stdin ?? process.stdin, reading.maxBytes));
    else await readPath(path, reading);
  }
  const { updates, problems } = collect(reading.contents);
  const complete = reading.unreadable.length === 0 && ![...reading.contents.values()].some(({ broken }) => broken);
  return { updates, problems: [...reading.unreadable, ...problems], complete };
}

interface Reading {
  readonly contents: Map<string, ManifestContent>;
  readonly unreadable: Problem[];
  readonly maxBytes: number;
}

async function readPath(path: string, { contents, unreadable, maxBytes }: Reading): Promise<void> {
  try {
    if (!(await stat(path)).isDirectory()) {
      contents.set(path, await readOne(path, maxBytes));
      return;
    }
    const scan = await scanDirectory(path, { enter: () => undefined, enterHome: () => undefined });
    for (const file of [...scan.files.keys()].sort()) contents.set(file, await readOne(file, maxBytes));
    unreadable.push(...scan.unreadable);
  } catch (error) {
    contents.set(path, brokenContent(path, 1, `cannot be read: ${errorText(error)}`));
  }
}

async function readOne(file: string, maxBytes: number): Promise<ManifestContent> {
  try {
    const read = await readText(file, maxBytes);
    if (read.kind === 'Moving') return brokenContent(file, 1, 'changed while it was read');
    if (read.kind === 'Refused') return brokenContent(file, read.line, read.reason);
    return await parseText({ text: read.text, file });
  } catch (error) {
    return brokenContent(file, 1, `cannot be read: ${errorText(error)}`);
  }
}

async function readInput(input: Readable, maxBytes: number): Promise<ManifestContent> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk as Buffer | string);
    size += bytes.length;
    if (size > maxBytes) return brokenContent('-', 1, tooLarge(size, maxBytes));
    chunks.push(bytes);
  }
  const decoded = decode(Buffer.concat(chunks));
  if (decoded.kind === 'Refused') return brokenContent('-', decoded.line, decoded.reason);
  return parseText({ text: decoded.text, file: '-' });
}

function collect(contents: ReadonlyMap<string, ManifestContent>): Omit<Manifests, 'complete'> {
  const index = new ManifestIndex();
  const changes = [...contents].map(([file, content]) => index.replace(file, content));
  return { updates: mergeUpdates(changes), problems: [...contents.keys()].flatMap((file) => index.problemsOf(file)) };
}
