import type { ScopedRouteConfiguration } from '../protos/generated/types/envoy/config/route/v3/ScopedRouteConfiguration.ts';
import { typeUrls } from '../resources/type-urls.ts';
import type { Frontend } from './frontends.ts';
import { NamedEntry } from './named-entry.ts';

/** The one resource of an HTTP Service that every Envoy has: that there is something to ask for. */
export class ScopedRouteEntry extends NamedEntry<Frontend> {
  get typeUrl(): string {
    return typeUrls.scopedRoute;
  }

  override get wildcard(): boolean {
    return true;
  }

  override build(): ScopedRouteConfiguration {
    return scopedRouteOf(this.subject);
  }
}

function scopedRouteOf({ name }: Frontend): ScopedRouteConfiguration {
  return { name, onDemand: true, routeConfigurationName: name, key: { fragments: [{ stringKey: name }] } };
}
