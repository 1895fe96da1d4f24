import type { BigIntStats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorText } from '../../base/error-text.ts';
import { fileRef, type Problem } from '../../model/problem.ts';
import { stampOf } from './read-file.ts';

/** A manifest as it stands on the disk. */
export interface FoundFile {
  readonly stamp: string;
  readonly size: number;
  /** When it was last written to or renamed, in milliseconds since 1970. */
  readonly changedMs: number;
}

export interface Scan {
  readonly files: ReadonlyMap<string, FoundFile>;
  /** What could not be looked into; nothing is known of what lies below. */
  readonly unreadable: readonly Problem[];
}

export interface Visitor {
  /** Called before a directory is listed, so that a watch set now misses nothing; `identity` differs once it is another. */
  enter(directory: string, identity: string): void;
  /** A directory outside, in which a linked file lies. */
  enterHome(directory: string, identity: string): void;
}

const maxDepth = 32;
const extension = /\.(ya?ml|json)$/i;

/** Hidden files are editors' and mounts' own (`.a.yaml.swp`, `..data`). */
export function isManifestName(name: string): boolean {
  return !name.startsWith('.') && extension.test(name);
}

/** All manifests below a directory, through symbolic links too. Rejects when the directory itself cannot be listed. */
export async function scanDirectory(directory: string, visitor: Visitor): Promise<Scan> {
  const walk: Walk = { files: new Map(), unreadable: [], visitor };
  await visitDirectory(walk, directory, []);
  return walk;
}

interface Walk {
  readonly files: Map<string, FoundFile>;
  readonly unreadable: Problem[];
  readonly visitor: Visitor;
}

/** `above` are the identities of the directories it lies in: a link to one of them is a loop. */
async function visitDirectory(walk: Walk, directory: string, above: readonly string[]): Promise<void> {
  const identity = identityOf(await stat(directory, { bigint: true }));
  if (above.includes(identity) || above.length >= maxDepth) return;
  walk.visitor.enter(directory, identity);
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await tolerate(walk, path, visitDirectory(walk, path, [...above, identity]));
    else if (entry.isSymbolicLink()) await tolerate(walk, path, visitLink(walk, path, [...above, identity]));
    else if (isManifestName(entry.name)) await tolerate(walk, path, visitFile(walk, path));
  }
}

async function visitFile(walk: Walk, path: string): Promise<void> {
  const found = await findFile(path);
  if (found !== undefined) walk.files.set(path, found);
}

/** A linked file may change where it lies, so that directory is watched too. */
async function visitLink(walk: Walk, path: string, above: readonly string[]): Promise<void> {
  const target = await stat(path, { bigint: true });
  if (target.isDirectory()) return visitDirectory(walk, path, above);
  if (!isManifestName(basename(path))) return;
  const home = dirname(await realpath(path));
  walk.visitor.enterHome(home, identityOf(await stat(home, { bigint: true })));
  walk.files.set(path, foundFile(target));
}

/** What comes and goes while it is looked at is not there; what may not be looked at is reported. */
async function tolerate(walk: Walk, path: string, visit: Promise<void>): Promise<void> {
  try {
    await visit;
  } catch (error) {
    if (isGone(error)) return;
    const message = `cannot be read: ${errorText(error)}`;
    walk.unreadable.push({ object: fileRef(path), field: '', code: 'UnreadableFile', message, origin: path });
  }
}

/** Undefined when there is no such file. */
export async function findFile(path: string): Promise<FoundFile | undefined> {
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isDirectory() ? undefined : foundFile(stats);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function foundFile(stats: BigIntStats): FoundFile {
  return { stamp: stampOf(stats), size: Number(stats.size), changedMs: Number(stats.ctimeNs / 1_000_000n) };
}

/** Birth time, because the number of a removed directory may be given to the next. */
export function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`;
}

export interface Parent {
  readonly directory: string;
  readonly identity: string;
  /** The entry of it through which the path leads. */
  readonly entry: string;
}

/** The nearest directory above a path that exists. */
export async function nearestParent(path: string): Promise<Parent> {
  for (let child = resolve(path); ; child = dirname(child)) {
    const directory = dirname(child);
    try {
      const identity = identityOf(await stat(directory, { bigint: true }));
      return { directory, identity, entry: basename(child) };
    } catch (error) {
      if (directory === child) throw error;
    }
  }
}

export function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
