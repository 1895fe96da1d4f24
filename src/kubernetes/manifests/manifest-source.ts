import { join, normalize } from 'node:path';
import type { Logger } from 'pino';
import { errorText } from '../../base/error-text.ts';
import { fileRef, type Problem } from '../../model/problem.ts';
import { inPieces } from '../pieces.ts';
import type { Source, SourceListener } from '../source.ts';
import { DirectoryWatch } from './directory-watch.ts';
import { defaultSettling, type Settling } from './file-state.ts';
import { type Look, ManifestFiles, mergeUpdates } from './manifest-files.ts';
import type { IndexChange } from './manifest-index.ts';
import { defaultMaxBytes } from './read-file.ts';
import { findFile, isManifestName, nearestParent, type Parent, type Scan, scanDirectory } from './scan-directory.ts';
import { ScanSchedule } from './scan-schedule.ts';

export interface ManifestSourceOptions {
  /** Looked through with all directories below it: *.yaml, *.yml and *.json that are not hidden. */
  readonly directory: string;
  readonly logger: Logger;
  /** Larger files are refused; default 10 MiB. */
  readonly maxBytes?: number;
  /** How long files must stay the same until they are read. */
  readonly settling?: Partial<Settling>;
  /** How often to look even though nothing was noticed; default 5 s, longer where a look takes long. */
  readonly rescanMs?: number;
}

type State =
  | { readonly kind: 'Idle' }
  | { readonly kind: 'Waiting'; readonly timer: NodeJS.Timeout; readonly at: number }
  | { readonly kind: 'Looking'; readonly done: Promise<void> }
  | { readonly kind: 'Stopped'; readonly done: Promise<void> };

/** Of very many files the look from time to time is rarer: it takes at most one part in fifty of the time. */
const pauseByScanTime = 50;

/** Lets the events of one save come together. */
const gatherMs = 5;

/**
 * A directory of manifests as a source. A file that breaks, or a directory that goes away, keeps its last good objects
 * and is reported; what is deleted or replaced by editors and mounts is waited for (see Settling).
 */
export class ManifestSource implements Source {
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #settling: Settling;
  readonly #rescanMs: number;
  readonly #files: ManifestFiles;
  readonly #watch: DirectoryWatch;
  readonly #schedule = new ScanSchedule();
  readonly #stopping = new AbortController();
  readonly #told = new Map<string, string>();
  /** Held back until everything of the start is there. */
  readonly #untold: IndexChange[] = [];
  #state: State = { kind: 'Idle' };
  #listener: SourceListener | undefined;
  #walked: ReadonlySet<string> = new Set();
  #homes: ReadonlySet<string> = new Set();
  #parent: Parent | undefined;
  #complete = false;
  #synced = false;

  constructor(options: ManifestSourceOptions) {
    this.#directory = normalize(options.directory).replace(/(?<=.)\/$/, '');
    this.#logger = options.logger;
    this.#settling = { ...defaultSettling, ...options.settling };
    this.#rescanMs = options.rescanMs ?? 5000;
    this.#files = new ManifestFiles({
      maxBytes: options.maxBytes ?? defaultMaxBytes,
      settling: this.#settling,
      signal: this.#stopping.signal,
    });
    this.#watch = new DirectoryWatch((directory, name) => this.#noticed(directory, name), options.logger);
  }

  start(listener: SourceListener): void {
    this.#listener = listener;
    this.#schedule.lookAtAll(performance.now());
    this.#arm();
  }

  async stop(): Promise<void> {
    const state = this.#state;
    if (state.kind === 'Waiting') clearTimeout(state.timer);
    const done = state.kind === 'Looking' || state.kind === 'Stopped' ? state.done : Promise.resolve();
    this.#state = { kind: 'Stopped', done };
    this.#listener = undefined;
    this.#stopping.abort();
    this.#watch.close();
    await done;
    // A round that was under way may have set watches again.
    this.#watch.close();
  }

  blockers(): readonly string[] {
    return this.#synced ? [] : [`manifests in ${this.#directory}`];
  }

  #noticed(directory: string, name: string | undefined): void {
    const at = performance.now() + gatherMs;
    const walked = this.#walked.has(directory);
    if (walked && name !== undefined && isManifestName(name)) this.#schedule.lookAt(join(directory, name), at);
    else if (walked || this.#homes.has(directory) || name === this.#parent?.entry) this.#schedule.lookAtAll(at);
    this.#arm();
  }

  /** Sets the timer for what is due next. */
  #arm(): void {
    const state = this.#state;
    if (state.kind === 'Looking' || state.kind === 'Stopped') return;
    const at = this.#schedule.next();
    if (at === undefined || (state.kind === 'Waiting' && state.at <= at)) return;
    if (state.kind === 'Waiting') clearTimeout(state.timer);
    const timer = setTimeout(() => this.#work(), Math.max(0, at - performance.now()));
    this.#state = { kind: 'Waiting', timer, at };
  }

  #work(): void {
    const done = this.#round().then(() => {
      if (this.#state.kind === 'Stopped') return;
      this.#state = { kind: 'Idle' };
      this.#arm();
    });
    this.#state = { kind: 'Looking', done };
  }

  async #round(): Promise<void> {
    try {
      const due = this.#schedule.take(performance.now());
      const changes = due === 'All' ? await this.#lookAtAll() : await this.#lookAt(due);
      await this.#tell(changes);
    } catch (error) {
      this.#logger.error({ error, directory: this.#directory }, 'Could not scan the manifests');
      this.#schedule.lookAtAll(performance.now() + this.#rescanMs);
    }
  }

  async #lookAt(paths: readonly string[]): Promise<readonly IndexChange[]> {
    const changes: IndexChange[] = [];
    for (const path of paths) {
      const found = await findFile(path);
      // That it is gone counts only if its directory is there, which only a look at all tells.
      if (found === undefined) this.#schedule.lookAtAll(performance.now() + gatherMs);
      else this.#note(path, await this.#files.look(path, found), changes);
    }
    return changes;
  }

  async #lookAtAll(): Promise<readonly IndexChange[]> {
    const begin = performance.now();
    const scan = await this.#scan();
    const end = performance.now();
    this.#schedule.lookAtAll(end + Math.max(this.#rescanMs, pauseByScanTime * (end - begin)));
    if (scan === undefined) return [];
    const changes: IndexChange[] = [];
    for (const [path, found] of [...scan.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (this.#state.kind === 'Stopped') return [];
      this.#note(path, await this.#files.look(path, found), changes);
    }
    this.#lookForGone(scan, changes);
    this.#complete = true;
    return changes;
  }

  /** Undefined when the directory itself cannot be read: then nothing is known, and everything stays. */
  async #scan(): Promise<Scan | undefined> {
    this.#watch.begin();
    const walked = new Set<string>();
    const homes = new Set<string>();
    const enterInto = (set: Set<string>) => (directory: string, identity: string) => {
      set.add(directory);
      this.#enter(directory, identity);
    };
    try {
      this.#parent = await nearestParent(this.#directory);
      this.#enter(this.#parent.directory, this.#parent.identity);
      const scan = await scanDirectory(this.#directory, { enter: enterInto(walked), enterHome: enterInto(homes) });
      this.#tellProblems(this.#directory, scan.unreadable);
      return scan;
    } catch (error) {
      const message = `cannot be read: ${errorText(error)}; what was read before is still used`;
      const object = fileRef(this.#directory);
      this.#tellProblems(this.#directory, [{ object, field: '', code: 'UnreadableFile', message }]);
      return undefined;
    } finally {
      this.#walked = walked;
      this.#homes = homes;
      this.#watch.prune();
    }
  }

  #enter(directory: string, identity: string): void {
    if (this.#state.kind !== 'Stopped') this.#watch.enter(directory, identity);
  }

  #lookForGone({ files, unreadable }: Scan, changes: IndexChange[]): void {
    const { doubtMs, emptyMs } = this.#settling;
    const requiredMs = files.size === 0 ? emptyMs : doubtMs;
    for (const path of this.#files.known()) {
      const hidden = unreadable.some(({ object: { name } }) => path === name || path.startsWith(`${name}/`));
      if (files.has(path) || hidden) continue;
      const look = this.#files.lookGone(path, requiredMs);
      if (look.kind === 'Wait') this.#schedule.lookAtAll(performance.now() + look.ms);
      else this.#note(path, look, changes);
    }
  }

  #note(path: string, look: Look, changes: IndexChange[]): void {
    if (look.kind === 'Wait') this.#schedule.lookAt(path, performance.now() + look.ms);
    if (look.kind === 'Taken') changes.push(look.change);
  }

  async #tell(changes: readonly IndexChange[]): Promise<void> {
    for (const file of new Set(changes.flatMap((change) => [...change.files]))) {
      this.#tellProblems(file, this.#files.problemsOf(file));
    }
    // Files that are just being written are waited for, so that what exists at the start comes together.
    this.#untold.push(...changes);
    if (!this.#synced && !(this.#complete && this.#files.settled)) return;
    await inPieces(mergeUpdates(this.#untold.splice(0)), (piece) => this.#listener?.update(piece));
    if (this.#synced || this.#state.kind === 'Stopped') return;
    this.#synced = true;
    this.#logger.info({ directory: this.#directory, objects: this.#files.size }, 'Read all manifests');
    this.#listener?.synced();
  }

  #tellProblems(origin: string, problems: readonly Problem[]): void {
    const text = JSON.stringify(problems);
    if (text === (this.#told.get(origin) ?? '[]')) return;
    if (problems.length === 0) this.#told.delete(origin);
    else this.#told.set(origin, text);
    this.#listener?.problems(origin, problems);
  }
}
