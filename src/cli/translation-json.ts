import { formatProblem } from '../model/problem.ts';
import type { NodeView } from '../protos/generated/types/fairlead/node/v1/NodeView.ts';
import type { ServiceView } from '../protos/generated/types/fairlead/node/v1/ServiceView.ts';
import { type Json, toProtoJson } from '../protos/proto-json.ts';
import { messageNameOf } from '../protos/registry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import type { NamedMessage, Translation } from '../translate/translate.ts';
import { nodeViewToJson, serviceViewToJson } from './view-json.ts';

type JsonObject = { readonly [key: string]: Json };

/** A translation as `fairlead translate` prints it. */
export interface TranslationJson {
  readonly listeners: readonly JsonObject[];
  readonly scopedRoutes: readonly JsonObject[];
  readonly routes: readonly JsonObject[];
  readonly clusters: readonly JsonObject[];
  readonly endpoints: readonly JsonObject[];
  readonly serviceViews: readonly JsonObject[];
  readonly nodeViews: readonly JsonObject[];
  readonly warnings: readonly string[];
}

/** Envoy's resources in protobuf's JSON mapping, as Envoy itself reads them; those of agents with addresses as text. */
export function translationToJson(translation: Translation): TranslationJson {
  return {
    listeners: messagesToJson(typeUrls.listener, translation.listeners),
    scopedRoutes: messagesToJson(typeUrls.scopedRoute, translation.scopedRoutes),
    routes: messagesToJson(typeUrls.route, translation.routes),
    clusters: messagesToJson(typeUrls.cluster, translation.clusters),
    endpoints: messagesToJson(typeUrls.endpoint, translation.endpoints),
    serviceViews: translation.serviceViews.map(({ message }) => serviceViewToJson(message as ServiceView)),
    nodeViews: translation.nodeViews.map(({ message }) => nodeViewToJson(message as NodeView)),
    warnings: translation.warnings.map(formatProblem),
  };
}

function messagesToJson(typeUrl: string, messages: readonly NamedMessage[]): readonly JsonObject[] {
  return messages.map(({ message }) => toProtoJson(messageNameOf(typeUrl), message) as JsonObject);
}
