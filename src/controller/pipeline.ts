import type { Model, ModelChange } from '../model/model.ts';
import type { Problem } from '../model/problem.ts';
import type { ResourceEntry } from '../resources/resource-entry.ts';
import type { TranslateSettings } from '../translate/settings.ts';
import { translateCommon, translateEndpoints, translateService } from '../translate/translate.ts';

interface ResourceName {
  readonly typeUrl: string;
  readonly name: string;
}

/** What the pipeline needs of the xDS cache. */
export interface ResourceSink {
  apply(upserts: Iterable<ResourceEntry>, removals: Iterable<ResourceName>): void;
  viewsChanged(nodeNames: ReadonlySet<string>): void;
}

export interface PipelineOptions {
  readonly model: Model;
  readonly settings: TranslateSettings;
  readonly sink: ResourceSink;
  /** The warnings of one Service's translation; empty clears. */
  readonly onWarnings: (serviceKey: string, warnings: readonly Problem[]) => void;
}

/** Keeps the resources of the cache equal to the translation of the model, Service by Service. */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #namesByService = new Map<string, readonly ResourceName[]>();

  constructor(options: PipelineOptions) {
    this.#options = options;
    options.sink.apply(translateCommon(options.settings), []);
  }

  /** Applies one change of the model as one batch, so that no client sees half of it. */
  apply(change: ModelChange): void {
    const upserts: ResourceEntry[] = [];
    const removals = new Map<string, ResourceName>();
    for (const key of change.services) this.#translateService(key, upserts, removals);
    for (const key of change.endpoints) if (!change.services.has(key)) this.#translateEndpoints(key, upserts);
    // An address that moved from one Service to another is in both lists.
    if (removals.size > 0) for (const entry of upserts) removals.delete(idOf(entry));
    if (upserts.length + removals.size > 0) this.#options.sink.apply(upserts, removals.values());
    if (change.nodes.size > 0) this.#options.sink.viewsChanged(change.nodes);
  }

  #translateService(key: string, upserts: ResourceEntry[], removals: Map<string, ResourceName>): void {
    const { model, settings, onWarnings } = this.#options;
    const { entries, warnings } = translateService(model, key, settings);
    this.#noteRemovals(this.#namesByService.get(key) ?? [], entries, removals);
    if (entries.length === 0) this.#namesByService.delete(key);
    else this.#namesByService.set(key, entries.map(nameOf));
    for (const entry of entries) upserts.push(entry);
    onWarnings(key, warnings);
  }

  #noteRemovals(
    before: readonly ResourceName[],
    entries: readonly ResourceEntry[],
    removals: Map<string, ResourceName>,
  ): void {
    if (before.length === 0) return;
    const ids = new Set(entries.map(idOf));
    for (const name of before) if (!ids.has(idOf(name))) removals.set(idOf(name), name);
  }

  #translateEndpoints(key: string, upserts: ResourceEntry[]): void {
    if (!this.#namesByService.has(key)) return;
    for (const entry of translateEndpoints(this.#options.model, key)) upserts.push(entry);
  }
}

function idOf({ typeUrl, name }: ResourceName): string {
  return `${typeUrl} ${name}`;
}

/** Not the entry: that would keep the endpoints of its time. */
function nameOf({ typeUrl, name }: ResourceEntry): ResourceName {
  return { typeUrl, name };
}
