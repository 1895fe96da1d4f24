import type { HttpAnswer } from '../base/http-server.ts';
import type { Model } from '../model/model.ts';
import { type ServicePath, servicePathsOf } from '../translate/service-paths.ts';
import type { TranslateSettings } from '../translate/settings.ts';

/** `?namespace=` and `?node=`: the paths of Service ports, in order of the Services' keys; put together as they are written. */
export function servicePaths(model: Model, settings: TranslateSettings, query: URLSearchParams): HttpAnswer {
  return { status: 200, json: pathsOf(model, settings, query.get('namespace'), query.get('node')) };
}

function* pathsOf(
  model: Model,
  settings: TranslateSettings,
  namespace: string | null,
  node: string | null,
): Generator<ServicePath> {
  for (const key of [...model.services.keys()].sort()) {
    const service = model.services.get(key);
    if (service === undefined || (namespace !== null && service.namespace !== namespace)) continue;
    for (const path of servicePathsOf(model, service, settings)) yield node === null ? path : asSeenBy(node, path);
  }
}

function asSeenBy(node: string, path: ServicePath): ServicePath {
  if (!path.kernelNodes.includes(node)) return { ...path, kernelNodes: [] };
  return { ...path, path: 'Kernel', reason: 'NetworkPolicy', kernelNodes: [] };
}
