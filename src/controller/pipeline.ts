import { backOffMs } from '../base/back-off.ts';
import { errorText } from '../base/error-text.ts';
import type { Model, ModelChange } from '../model/model.ts';
import type { Problem } from '../model/problem.ts';
import type { ResourceUnit } from '../resources/resource-unit.ts';
import type { TranslateSettings } from '../translate/settings.ts';
import { dirtyUnits } from '../translate/units/dirty-units.ts';
import { ReadIndex } from '../translate/units/read-index.ts';
import { RecordingReader } from '../translate/units/recording-reader.ts';
import { ownerNameOf, type UnitId, type UnitKind, type UnitName } from '../translate/units/unit.ts';
import { objectOf, unitKinds } from '../translate/units/unit-kinds.ts';

/** What made a unit throw is usually fixed by a change; trying again costs little. */
const retryBackOff = { baseMs: 1_000, capMs: 60_000 };

/** What the pipeline needs of the xDS cache. */
export interface ResourceSink {
  replaceUnits(units: Iterable<ResourceUnit>): void;
  viewsChanged(nodeNames: ReadonlySet<string>): void;
}

export interface PipelineOptions {
  readonly model: Model;
  readonly settings: TranslateSettings;
  readonly sink: ResourceSink;
  /** The problems of one unit's object; an empty list clears them. */
  readonly onProblems: (owner: string, problems: readonly Problem[]) => void;
  /** A unit threw. It is also reported as a problem. */
  readonly onError?: (owner: string, error: unknown) => void;
  readonly kinds?: Readonly<Record<UnitName, UnitKind>>;
}

/**
 * Keeps the resources of the cache equal to the translation of the model. A change translates the units that read what
 * changed. A unit that throws keeps the resources that it had, and is tried again when what it read changes and after a
 * while; all others continue.
 */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #kinds: Readonly<Record<UnitName, UnitKind>>;
  readonly #reads = new ReadIndex();
  /** Units whose resources the cache does not have yet, by owner. */
  readonly #dirty = new Map<string, UnitId>();
  /** Those that threw when they were last tried, by owner. */
  readonly #failed = new Map<string, UnitId>();
  #retries = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#kinds = options.kinds ?? unitKinds;
    this.#translate([{ kind: 'common', key: '' }]);
  }

  /** Applies one change of the model as one batch. */
  apply(change: ModelChange): void {
    this.#translate(dirtyUnits(change, this.#reads));
    if (change.changed.Node.size > 0) this.#options.sink.viewsChanged(change.changed.Node);
  }

  /** Stops trying again. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #translate(units: Iterable<UnitId>): void {
    for (const unit of units) this.#dirty.set(ownerNameOf(unit), unit);
    if (this.#dirty.size === 0) return;
    const batch = [...this.#dirty].flatMap(([owner, unit]) => this.#translateOne(owner, unit) ?? []);
    try {
      if (batch.length > 0) this.#options.sink.replaceUnits(batch);
      this.#dirty.clear();
    } catch (error) {
      // What the cache did not accept stays dirty: the model reports a change only once.
      this.#options.onError?.('batch', error);
    }
    this.#planRetry();
  }

  /** Undefined: it threw. */
  #translateOne(owner: string, unit: UnitId): ResourceUnit | undefined {
    const { model, settings, onProblems } = this.#options;
    const reader = new RecordingReader(model);
    try {
      const { entries, problems } = this.#kinds[unit.kind].translate(reader, unit.key, settings);
      this.#reads.record(unit, this.#exists(unit) ? reader.reads : []);
      this.#failed.delete(owner);
      onProblems(owner, problems);
      return { owner, entries };
    } catch (error) {
      this.#reads.record(unit, reader.reads);
      this.#failed.set(owner, unit);
      onProblems(owner, [failureOf(unit, error)]);
      this.#options.onError?.(owner, error);
      return undefined;
    }
  }

  #exists({ kind, key }: UnitId): boolean {
    const { of } = unitKinds[kind];
    return of === undefined || this.#options.model.get(of, key) !== undefined;
  }

  #planRetry(): void {
    if (this.#failed.size + this.#dirty.size === 0) {
      this.#retries = 0;
      this.close();
      return;
    }
    this.#timer ??= setTimeout(() => this.#retry(), backOffMs(this.#retries + 1, retryBackOff)).unref();
  }

  #retry(): void {
    this.#timer = undefined;
    this.#retries += 1;
    this.#translate([...this.#failed.values()]);
  }
}

function failureOf(unit: UnitId, error: unknown): Problem {
  const message = `could not be translated (${unit.kind}): ${errorText(error)}; its previous translation is kept`;
  return { object: objectOf(unit), field: '', code: 'TranslationFailed', message };
}
