import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run, tryRun } from '../../testbed/run.ts';

/** What an image's root folder is made of; every path on the left is one inside the image. */
export interface RootFolder {
  /** Programs of this machine, each with the shared libraries that it needs. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Files and whole folders of this machine. */
  readonly copies?: Readonly<Record<string, string>>;
  /** Symbolic links and what they name. */
  readonly links?: Readonly<Record<string, string>>;
  readonly texts?: Readonly<Record<string, string>>;
  /** Empty folders and their modes. */
  readonly folders?: Readonly<Record<string, number>>;
}

/** Makes the root folder. */
export async function stage(root: RootFolder, at: string): Promise<void> {
  const inside = (path: string) => join(at, path);
  for (const [path, mode] of Object.entries({ '/': 0o755, ...root.folders })) {
    mkdirSync(inside(path), { recursive: true });
    chmodSync(inside(path), mode);
  }
  for (const [path, target] of Object.entries(root.links ?? {})) {
    mkdirSync(dirname(inside(path)), { recursive: true });
    symlinkSync(target, inside(path));
  }
  for (const [path, text] of Object.entries(root.texts ?? {})) {
    mkdirSync(dirname(inside(path)), { recursive: true });
    writeFileSync(inside(path), text);
  }
  const copies = { ...(await librariesOf(Object.values(root.programs ?? {}))), ...root.programs, ...root.copies };
  for (const [path, source] of Object.entries(copies)) await copy(source, inside(path));
}

/** Changes when a file that the root folder is made of does. */
export async function fingerprint(root: RootFolder): Promise<unknown> {
  const sources = [...Object.values(root.programs ?? {}), ...Object.values(root.copies ?? {})];
  return [root, sources.map((source) => statsBelow(realpathSync(source)))];
}

/** The path of a program of this machine, which the scripts have installed. */
export function programPath(name: string): string {
  const folders = (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin');
  const found = folders.map((one) => join(one, name)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}

/** Paths of the shared libraries of some programs, and of what those need. */
async function librariesOf(programs: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const lists = await Promise.all(programs.map((program) => tryRun(['ldd', realpathSync(program)])));
  const paths = lists.flatMap(({ stdout }) => stdout.match(/\/\S+/g) ?? []);
  return Object.fromEntries(paths.filter((path) => existsSync(path)).map((path) => [path, path]));
}

async function copy(source: string, target: string): Promise<void> {
  mkdirSync(dirname(target), { recursive: true });
  await run(['cp', '-rL', '--remove-destination', '--preserve=mode,timestamps', source, target], {
    timeoutMs: 120_000,
  });
}

/** Names, sizes and times of change of a file, or of all files of a folder, as one number each. */
function statsBelow(path: string): unknown {
  const stats = lstatSync(path);
  if (!stats.isDirectory()) return [basename(path), stats.size, Math.floor(stats.mtimeMs)];
  return [
    basename(path),
    ...readdirSync(path)
      .sort()
      .map((name) => statsBelow(join(path, name))),
  ];
}
