import type { ModelUpdate } from '../../model/model.ts';
import type { Problem } from '../../model/problem.ts';
import type { Conversion } from '../conversion.ts';
import type { SourceListener } from '../source.ts';
import { isRecord } from './json.ts';
import type { ObjectEvent } from './watch-lines.ts';
import type { WatchedKind } from './watched-kind.ts';

/** What a list has told so far; nothing of it is passed on before the list is complete. */
export interface Relist {
  readonly updates: ModelUpdate[];
  readonly keys: Set<string>;
  readonly problems: Map<string, readonly Problem[]>;
}

/**
 * Turns objects of one kind into updates and problems. Of the objects themselves it keeps the keys only, to tell after
 * a new list what has gone.
 */
export class ObjectFeed {
  readonly #kind: WatchedKind;
  readonly #convert: (object: unknown) => Conversion;
  readonly #listener: SourceListener;
  #keys: ReadonlySet<string> & Set<string> = new Set();
  #troubled = new Set<string>();

  constructor(kind: WatchedKind, convert: (object: unknown) => Conversion, listener: SourceListener) {
    this.#kind = kind;
    this.#convert = convert;
    this.#listener = listener;
  }

  /** Objects that exist. */
  get size(): number {
    return this.#keys.size;
  }

  beginRelist(): Relist {
    return { updates: [], keys: new Set(), problems: new Map() };
  }

  addPage(relist: Relist, items: readonly unknown[]): void {
    for (const item of items) {
      const { key, update, problems } = this.#read(item);
      if (key !== undefined) relist.keys.add(key);
      if (update !== undefined) relist.updates.push(update);
      if (problems.length > 0) addProblems(relist.problems, this.#originOf(key), problems);
    }
  }

  /** Passes a complete list on, as one batch with what has gone since the last. */
  finishRelist(relist: Relist): void {
    const gone = [...this.#keys].filter((key) => !relist.keys.has(key)).map((key) => this.#deletion(key));
    this.#keys = relist.keys;
    const cured = [...this.#troubled].filter((origin) => !relist.problems.has(origin));
    this.#troubled = new Set(relist.problems.keys());
    for (const origin of cured) this.#listener.problems(origin, []);
    for (const [origin, problems] of relist.problems) this.#listener.problems(origin, problems);
    this.#deliver([...relist.updates, ...gone]);
  }

  /** Passes events on as one batch. */
  apply(events: readonly ObjectEvent[]): void {
    this.#deliver(events.flatMap((event) => this.#applyOne(event) ?? []));
  }

  /** Tells of something that has no object; a complete list clears it. */
  reportLost(reason: string): void {
    const origin = `Watch of ${this.#kind.resource}`;
    this.#tell(origin, [
      { object: origin, field: '', reason: `${reason}; all ${this.#kind.resource} were listed anew` },
    ]);
  }

  #applyOne(event: ObjectEvent): ModelUpdate | undefined {
    if (event.deleted) return this.#applyDeletion(event.object);
    const { key, update, problems } = this.#read(event.object);
    if (key !== undefined) this.#keys.add(key);
    this.#tell(this.#originOf(key), problems);
    return update;
  }

  #applyDeletion(object: unknown): ModelUpdate | undefined {
    const key = keyOfObject(this.#kind, object);
    if (key === undefined) {
      this.#tell(this.#originOf(key), [this.#nameless()]);
      return undefined;
    }
    this.#keys.delete(key);
    this.#tell(this.#originOf(key), []);
    return this.#deletion(key);
  }

  #read(item: unknown): Conversion & { readonly key: string | undefined } {
    const key = keyOfObject(this.#kind, item);
    if (key === undefined || !isRecord(item)) return { key, update: undefined, problems: [this.#nameless()] };
    try {
      // Items of a list do not say their kind.
      return { key, ...this.#convert({ ...item, apiVersion: this.#kind.apiVersion, kind: this.#kind.kind }) };
    } catch (error) {
      const reason = `cannot be read and was left as it was: ${error instanceof Error ? error.message : String(error)}`;
      return { key, update: undefined, problems: [{ object: this.#originOf(key), field: '', reason }] };
    }
  }

  #deletion(key: string): ModelUpdate {
    return { kind: this.#kind.kind, key, value: undefined };
  }

  #originOf(key: string | undefined): string {
    return `${this.#kind.kind} ${key ?? '(unnamed)'}`;
  }

  #nameless(): Problem {
    return { object: this.#originOf(undefined), field: 'metadata.name', reason: 'is missing; the object was skipped' };
  }

  #tell(origin: string, problems: readonly Problem[]): void {
    if (problems.length === 0 && !this.#troubled.delete(origin)) return;
    if (problems.length > 0) this.#troubled.add(origin);
    this.#listener.problems(origin, problems);
  }

  #deliver(updates: readonly ModelUpdate[]): void {
    if (updates.length > 0) this.#listener.update(updates);
  }
}

function addProblems(all: Map<string, readonly Problem[]>, origin: string, problems: readonly Problem[]): void {
  all.set(origin, [...(all.get(origin) ?? []), ...problems]);
}

function keyOfObject(kind: WatchedKind, object: unknown): string | undefined {
  const metadata = isRecord(object) ? object['metadata'] : undefined;
  if (!isRecord(metadata)) return undefined;
  const { namespace, name } = metadata;
  if (typeof name !== 'string' || name === '') return undefined;
  if (kind.kind === 'Node') return name;
  return typeof namespace === 'string' && namespace !== '' ? `${namespace}/${name}` : undefined;
}
