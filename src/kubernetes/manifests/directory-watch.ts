import { type FSWatcher, watch } from 'node:fs';
import type { Logger } from 'pino';

interface Watched {
  readonly identity: string;
  readonly watcher: FSWatcher | undefined;
}

/** Called with the directory that was named and the entry that changed in it, where the system tells. */
export type OnEvent = (directory: string, name: string | undefined) => void;

/**
 * Kernel watches (inotify) on a set of directories. They report changes at once, but are only an aid: the source
 * also scans from time to time, because watches run out, overflow, and do not exist on network file systems.
 */
export class DirectoryWatch {
  readonly #watched = new Map<string, Watched>();
  readonly #onEvent: OnEvent;
  readonly #logger: Logger;
  #visited = new Set<string>();

  constructor(onEvent: OnEvent, logger: Logger) {
    this.#onEvent = onEvent;
    this.#logger = logger;
  }

  /** Begins a round: directories that are not entered until `prune` are no longer watched then. */
  begin(): void {
    this.#visited = new Set();
  }

  enter(directory: string, identity: string): void {
    this.#visited.add(directory);
    const known = this.#watched.get(directory);
    if (known?.identity === identity && known.watcher !== undefined) return;
    known?.watcher?.close();
    this.#watched.set(directory, { identity, watcher: this.#open(directory, identity, known) });
  }

  prune(): void {
    for (const directory of this.#watched.keys()) if (!this.#visited.has(directory)) this.#close(directory);
  }

  close(): void {
    for (const directory of this.#watched.keys()) this.#close(directory);
  }

  #open(directory: string, identity: string, known: Watched | undefined): FSWatcher | undefined {
    try {
      const watcher = watch(directory, (_event, name) => this.#onEvent(directory, name ?? undefined));
      watcher.on('error', (error) => {
        this.#logger.debug({ error, directory }, 'Lost a watch on a directory');
        watcher.close();
        // Kept without a watcher, so that the next round opens another.
        if (this.#watched.get(directory)?.watcher === watcher) {
          this.#watched.set(directory, { identity, watcher: undefined });
        }
      });
      return watcher;
    } catch (error) {
      // Logged once for each directory, not with each attempt.
      if (known === undefined)
        this.#logger.warn({ error, directory }, 'Could not watch a directory; changes in it are noticed later');
      return undefined;
    }
  }

  #close(directory: string): void {
    this.#watched.get(directory)?.watcher?.close();
    this.#watched.delete(directory);
  }
}
