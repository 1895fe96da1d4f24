import type { KindName, Model } from '../model/model.ts';
import type { Problem } from '../model/problem.ts';
import type { MessageObject } from '../protos/registry.ts';
import type { ClientView } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { grpcEntries } from './grpc.ts';
import type { TranslateSettings } from './settings.ts';
import type { UnitTranslation } from './units/unit.ts';
import { unitKinds, unitNames } from './units/unit-kinds.ts';

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
  /** The client's own node, if there is such a Node. */
  readonly nodeViews: readonly NamedMessage[];
  readonly warnings: readonly Problem[];
}

/**
 * Everything, as one client sees it: all units, which the controller translates one by one as they change, and what it
 * makes when clients ask for it.
 */
export function translate(model: Model, client: ClientView, settings: TranslateSettings): Translation {
  const units = translateUnits(model, settings);
  const onDemand = keysOf(model, 'Service').flatMap((key) => grpcEntries(model, key));
  const entries = [...units.flatMap((unit) => unit.entries), ...onDemand];
  const of = (typeUrl: string): readonly NamedMessage[] =>
    entries
      .filter((entry) => entry.typeUrl === typeUrl)
      .map((entry) => ({ name: entry.name, message: entry.build(client) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    listeners: of(typeUrls.listener),
    scopedRoutes: of(typeUrls.scopedRoute),
    routes: of(typeUrls.route),
    clusters: of(typeUrls.cluster),
    endpoints: of(typeUrls.endpoint),
    serviceViews: of(typeUrls.serviceView),
    nodeViews: of(typeUrls.nodeView).filter(({ name }) => name === client.nodeName),
    warnings: units.flatMap((unit) => unit.problems),
  };
}

/** Every unit of the model, kind by kind, in order of the objects' keys. */
export function translateUnits(model: Model, settings: TranslateSettings): readonly UnitTranslation[] {
  return unitNames.flatMap((name) => {
    const { of, translate: translateUnit } = unitKinds[name];
    return keysOf(model, of).map((key) => translateUnit(model, key, settings));
  });
}

function keysOf(model: Model, kind: KindName | undefined): readonly string[] {
  return kind === undefined ? [''] : [...model.keys(kind)].sort();
}
