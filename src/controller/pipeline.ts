import type { Model, ModelChange } from '../model/model.ts';
import type { Problem } from '../model/problem.ts';
import type { ResourceUnit } from '../resources/resource-unit.ts';
import type { TranslateSettings } from '../translate/settings.ts';
import { translateCommon, translateEndpoints, translateService } from '../translate/translate.ts';

/** What the pipeline needs of the xDS cache. */
export interface ResourceSink {
  replaceUnits(units: Iterable<ResourceUnit>): void;
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

  constructor(options: PipelineOptions) {
    this.#options = options;
    options.sink.replaceUnits([{ owner: 'common', entries: translateCommon(options.settings) }]);
  }

  /** Applies one change of the model as one batch. */
  apply({ services, endpoints, nodes }: ModelChange): void {
    const units = [...services].map((key) => this.#serviceUnit(key));
    for (const key of new Set([...services, ...endpoints])) units.push(this.#endpointsUnit(key));
    if (units.length > 0) this.#options.sink.replaceUnits(units);
    if (nodes.size > 0) this.#options.sink.viewsChanged(nodes);
  }

  #serviceUnit(key: string): ResourceUnit {
    const { model, settings, onWarnings } = this.#options;
    const { entries, warnings } = translateService(model, key, settings);
    onWarnings(key, warnings);
    return { owner: `service/${key}`, entries };
  }

  /** Apart from the Service, so that a change of endpoints stays on the short path. */
  #endpointsUnit(key: string): ResourceUnit {
    return { owner: `endpoints/${key}`, entries: translateEndpoints(this.#options.model, key) };
  }
}
