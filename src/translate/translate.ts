import type { Model } from '../model/model.ts';
import type { Problem } from '../model/problem.ts';
import type { MessageObject } from '../protos/registry.ts';
import type { ClientView, ResourceEntry } from '../protos/resource-entry.ts';
import type { TranslateSettings } from './settings.ts';

export interface ServiceTranslation {
  readonly entries: readonly ResourceEntry[];
  /** What of the Service could not be honoured. */
  readonly warnings: readonly Problem[];
}

export interface NamedMessage {
  readonly name: string;
  readonly message: MessageObject;
}

/** All resources as one client sees them, each list in order of name. */
export interface Translation {
  readonly listeners: readonly NamedMessage[];
  readonly scopedRoutes: readonly NamedMessage[];
  readonly routes: readonly NamedMessage[];
  readonly clusters: readonly NamedMessage[];
  readonly endpoints: readonly NamedMessage[];
  readonly serviceViews: readonly NamedMessage[];
  readonly warnings: readonly Problem[];
}

/** Everything of one Service for all nodes; nothing is built until an entry is. Empty when there is no such Service. */
export function translateService(_model: Model, serviceKey: string, _settings: TranslateSettings): ServiceTranslation {
  throw new Error(`${serviceKey}: to follow`);
}

/** The short path: the entries that depend on endpoints (ClusterLoadAssignments and the ServiceView). */
export function translateEndpoints(
  _model: Model,
  serviceKey: string,
  _settings: TranslateSettings,
): readonly ResourceEntry[] {
  throw new Error(`${serviceKey}: to follow`);
}

/** What exists without any Service: the listeners and the clusters that they need. */
export function translateCommon(_settings: TranslateSettings): readonly ResourceEntry[] {
  throw new Error('to follow');
}

/** Everything, as one client sees it. */
export function translate(_model: Model, client: ClientView, _settings: TranslateSettings): Translation {
  throw new Error(`${client.nodeName}: to follow`);
}
