import type { ScopedRouteConfiguration } from '../protos/generated/types/envoy/config/route/v3/ScopedRouteConfiguration.ts';
import type { ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import type { Frontend } from './frontends.ts';

/** The one resource of an HTTP Service that every Envoy has: that there is something to ask for. */
export function scopedRouteEntry(frontend: Frontend): ResourceEntry {
  const build = () => scopedRouteOf(frontend);
  return { typeUrl: typeUrls.scopedRoute, name: frontend.name, wildcard: true, scope: 'fleet', build };
}

function scopedRouteOf({ name }: Frontend): ScopedRouteConfiguration {
  return { name, onDemand: true, routeConfigurationName: name, key: { fragments: [{ stringKey: name }] } };
}
