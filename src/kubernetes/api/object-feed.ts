import { errorText } from '../../base/error-text.ts';
import type { ModelUpdate } from '../../model/model.ts';
import { formatObject, type ObjectRef, type Problem } from '../../model/problem.ts';
import type { Conversion } from '../conversion.ts';
import { convertAs } from '../convert.ts';
import type { KubernetesKind } from '../kinds.ts';
import { splitKey } from '../names.ts';
import { inPieces } from '../pieces.ts';
import type { SourceListener } from '../source.ts';
import { isRecord } from './json.ts';
import type { ObjectEvent } from './watch-lines.ts';

/** What a list has delivered so far; nothing of it is passed on before the list is complete. */
export interface Relist {
  readonly updates: ModelUpdate[];
  readonly keys: Set<string>;
  readonly problems: Map<string, readonly Problem[]>;
}

/**
 * Turns objects of one kind into updates and problems. Of the objects themselves it keeps the keys only, to know after
 * a new list what was deleted.
 */
export class ObjectFeed {
  readonly #kind: KubernetesKind;
  readonly #listener: SourceListener;
  readonly #changed: () => void;
  #keys = new Set<string>();
  #troubled = new Set<string>();

  /** @param changed called whenever there may be another number of objects */
  constructor(kind: KubernetesKind, listener: SourceListener, changed: () => void = () => undefined) {
    this.#kind = kind;
    this.#listener = listener;
    this.#changed = changed;
  }

  get #kindName(): string {
    return this.#kind.objectKind ?? this.#kind.kind;
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

  /** Passes a complete list on, in pieces; what has gone since the last comes behind all that exists. */
  async finishRelist(relist: Relist, signal?: AbortSignal): Promise<void> {
    const gone = [...this.#keys].filter((key) => !relist.keys.has(key));
    const cured = [...this.#troubled].filter((origin) => !relist.problems.has(origin));
    // A listener that throws may have taken any part of it: until it took all, both old and new are known.
    for (const key of relist.keys) this.#keys.add(key);
    for (const origin of relist.problems.keys()) this.#troubled.add(origin);
    for (const origin of cured) this.#listener.problems(origin, []);
    for (const [origin, problems] of relist.problems) this.#listener.problems(origin, problems);
    const updates = [...relist.updates, ...gone.map((key) => this.#deletion(key))];
    await inPieces(updates, (piece) => this.#listener.update(piece), signal);
    this.#keys = relist.keys;
    this.#troubled = new Set(relist.problems.keys());
    this.#changed();
  }

  /** Passes events on as one batch. */
  apply(events: readonly ObjectEvent[]): void {
    const gone = new Set<string>();
    this.#deliver(events.flatMap((event) => this.#applyOne(event, gone) ?? []));
    // Only now: of what a listener that threw did not take, the next list tells again.
    for (const key of gone) this.#keys.delete(key);
    if (events.length > 0) this.#changed();
  }

  /** Reports a problem that has no object; a complete list clears it. */
  reportLost(reason: string): void {
    const { resource } = this.#kind;
    const object: ObjectRef = { kind: 'Watch', namespace: '', name: resource };
    const message = `${reason}; all ${resource} were listed again`;
    this.#tell(formatObject(object), [{ object, field: '', code: 'WatchInterrupted', message }]);
  }

  #applyOne(event: ObjectEvent, gone: Set<string>): ModelUpdate | undefined {
    if (event.deleted) return this.#applyDeletion(event.object, gone);
    const { key, update, problems } = this.#read(event.object);
    if (key !== undefined) this.#keys.add(key);
    if (key !== undefined) gone.delete(key);
    this.#tell(this.#originOf(key), problems);
    return update;
  }

  #applyDeletion(object: unknown, gone: Set<string>): ModelUpdate | undefined {
    const key = keyOfObject(this.#kind, object);
    if (key === undefined) {
      this.#tell(this.#originOf(key), [this.#nameless()]);
      return undefined;
    }
    gone.add(key);
    this.#tell(this.#originOf(key), []);
    return this.#deletion(key);
  }

  #read(item: unknown): Conversion & { readonly key: string | undefined } {
    const key = keyOfObject(this.#kind, item);
    if (key === undefined || !isRecord(item)) return { key, update: undefined, problems: [this.#nameless()] };
    try {
      // Items of a list do not say their kind.
      return { key, ...convertAs(this.#kind, { ...item, apiVersion: this.#kind.apiVersion, kind: this.#kindName }) };
    } catch (error) {
      const message = `could not be read and keeps its last known state: ${errorText(error)}`;
      return {
        key,
        update: undefined,
        problems: [{ object: this.#refOf(key), field: '', code: 'ConversionFailed', message }],
      };
    }
  }

  #deletion(key: string): ModelUpdate {
    const { kind, keyPrefix = '' } = this.#kind;
    return { kind, key: keyPrefix + key, value: undefined };
  }

  #originOf(key: string | undefined): string {
    return formatObject(this.#refOf(key));
  }

  #refOf(key = '(unnamed)'): ObjectRef {
    return { kind: this.#kindName, ...splitKey(key) };
  }

  #nameless(): Problem {
    const message = 'is missing; the object was left out';
    return { object: this.#refOf(), field: 'metadata.name', code: 'MissingValue', message };
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

function keyOfObject(kind: KubernetesKind, object: unknown): string | undefined {
  const metadata = isRecord(object) ? object['metadata'] : undefined;
  if (!isRecord(metadata)) return undefined;
  const { namespace, name } = metadata;
  if (typeof name !== 'string' || name === '') return undefined;
  if (kind.scope === 'Cluster') return name;
  return typeof namespace === 'string' && namespace !== '' ? `${namespace}/${name}` : undefined;
}
