import { effectivePolicy } from '../model/settings.ts';
import type { RouteConfiguration } from '../protos/generated/types/envoy/config/route/v3/RouteConfiguration.ts';
import type { ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { type Frontend, statNameOf, targetNameOf } from './frontends.ts';
import { hashPolicyOf } from './load-balancing.ts';
import { retryPolicyOf } from './retries.ts';
import type { TranslateSettings } from './settings.ts';
import { routeTimeoutsOf } from './timeouts.ts';
import { routeTracingOf, tracingHeaders } from './tracing.ts';

/** Carries the address that the client connected to from the connection to the choice of the scope. */
export const destinationHeader = 'x-fairlead-destination';

export function routeEntry(frontend: Frontend, settings: TranslateSettings): ResourceEntry {
  const build = () => routeConfigurationOf(frontend, settings);
  return { typeUrl: typeUrls.route, name: frontend.name, wildcard: false, scope: 'fleet', build };
}

/** Everything to the Service's cluster. */
function routeConfigurationOf(frontend: Frontend, { tracing }: TranslateSettings): RouteConfiguration {
  const { name, service, port } = frontend;
  const policy = effectivePolicy(service, port);
  return {
    name,
    requestHeadersToRemove: tracing === undefined ? [destinationHeader] : [destinationHeader, ...tracingHeaders],
    virtualHosts: [
      {
        name: statNameOf(frontend),
        domains: ['*'],
        routes: [
          {
            match: { prefix: '/' },
            route: {
              cluster: name,
              ...routeTimeoutsOf(policy),
              ...retryPolicyOf(policy),
              ...hashPolicyOf(policy),
            },
            ...(tracing === undefined ? {} : routeTracingOf(targetNameOf(frontend), policy)),
          },
        ],
      },
    ],
  };
}
