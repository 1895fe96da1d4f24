import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { contentOf, type ManifestContent } from '../kubernetes/manifests/manifest-content.ts';
import { FairleadError } from '../model/errors.ts';

const extensions: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json']);

/**
 * The objects of a file, of standard input (`-`), or of a directory's manifests in order of name, without those of its
 * folders: as `kubectl apply -f` takes them.
 * @throws FairleadError MANIFESTS_UNREADABLE
 */
export async function readManifestArgument(path: string): Promise<readonly ManifestContent[]> {
  if (path === '-') return [contentOf((await buffer(process.stdin)).toString('utf8'), 'standard input')];
  try {
    const files = (await stat(path)).isDirectory() ? await manifestsOf(path) : [path];
    return await Promise.all(files.map(async (file) => contentOf(await readFile(file, 'utf8'), file)));
  } catch (err) {
    throw new FairleadError('MANIFESTS_UNREADABLE', `-f ${path}: ${(err as Error).message}`, { cause: err });
  }
}

async function manifestsOf(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory() && extensions.has(extname(entry.name)));
  return names.map(({ name }) => join(directory, name)).sort();
}
