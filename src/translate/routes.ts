import { effectivePolicy } from '../model/settings.ts';
import type { Route } from '../protos/generated/types/envoy/config/route/v3/Route.ts';
import type { RouteConfiguration } from '../protos/generated/types/envoy/config/route/v3/RouteConfiguration.ts';
import type { VirtualHost } from '../protos/generated/types/envoy/config/route/v3/VirtualHost.ts';
import { typeUrls } from '../resources/type-urls.ts';
import type { Backend } from './backend.ts';
import { forwardedProtoHeader, originalForwardedProto } from './forwarded-proto.ts';
import type { Frontend } from './frontends.ts';
import { hashPolicyOf } from './load-balancing.ts';
import { NamedEntry } from './named-entry.ts';
import { statNameOf, targetNameOf } from './names.ts';
import { retryPolicyOf } from './retries.ts';
import type { TranslateSettings } from './settings.ts';
import { routeTimeoutsOf } from './timeouts.ts';
import { originalRequestId, routeTracingOf, tracingHeaders } from './tracing.ts';
import { connectRouteTo } from './upgrades.ts';

/** Carries the address that the client connected to from the connection to the choice of the scope. */
export const destinationHeader = 'x-fairlead-destination';

export class RouteEntry extends NamedEntry<Frontend> {
  readonly #settings: TranslateSettings;

  constructor(frontend: Frontend, settings: TranslateSettings) {
    super(frontend);
    this.#settings = settings;
  }

  get typeUrl(): string {
    return typeUrls.route;
  }

  override build(): RouteConfiguration {
    return routeConfigurationOf(this.subject, this.#settings);
  }
}

/** Everything to the frontend's own backend. */
function routeConfigurationOf(frontend: Frontend, settings: TranslateSettings): RouteConfiguration {
  const { name, backend } = frontend;
  const internal = [destinationHeader, forwardedProtoHeader];
  return {
    name,
    requestHeadersToRemove: settings.tracing === undefined ? internal : [...internal, ...tracingHeaders],
    virtualHosts: [
      {
        name: statNameOf(backend),
        domains: ['*'],
        routes: [connectRouteTo(backend.name), routeTo(backend, settings)],
        ...originalHeaders(settings),
      },
    ],
  };
}

/** Undoes what Envoy did to the client's headers; the copies are removed after the whole configuration has been applied. */
function originalHeaders({ tracing }: TranslateSettings): Partial<VirtualHost> {
  const { remove, add } = originalForwardedProto;
  return {
    requestHeadersToRemove: [remove],
    requestHeadersToAdd: tracing === undefined ? [add] : [add, originalRequestId],
  };
}

function routeTo(backend: Backend, { tracing }: TranslateSettings): Route {
  const policy = effectivePolicy(backend.service, backend.port);
  return {
    match: { prefix: '/' },
    route: {
      cluster: backend.name,
      ...routeTimeoutsOf(policy),
      ...retryPolicyOf(policy),
      ...hashPolicyOf(policy),
    },
    ...(tracing === undefined ? {} : routeTracingOf(targetNameOf(backend), policy)),
  };
}
