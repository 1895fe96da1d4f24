import { formatHostPort } from '../base/host-port.ts';
import type { Cluster } from '../protos/generated/types/envoy/config/cluster/v3/Cluster.ts';
import type { RouteConfiguration } from '../protos/generated/types/envoy/config/route/v3/RouteConfiguration.ts';
import type { Translation } from '../translate/translate.ts';
import type { EnvoyAnswer } from './answer.ts';
import type { KnownFrontend } from './node-state.ts';

/** The resources by which Envoy carries a connection. The names are those of its admin pages and statistics. */
export function envoyAnswer(translation: Translation, { dataPath, address, port }: KnownFrontend): EnvoyAnswer {
  const name = formatHostPort({ host: address, port });
  const route = translation.routes.find((one) => one.name === name)?.message as RouteConfiguration | undefined;
  const cluster = dataPath === 'EnvoyHttp' ? (clusterIn(route) ?? name) : name;
  const found = translation.clusters.find((one) => one.name === cluster)?.message as Cluster | undefined;
  return {
    listener: dataPath === 'EnvoyHttp' ? 'http' : 'tcp',
    ...(dataPath === 'EnvoyHttp' ? { route: name } : {}),
    cluster,
    loadBalancing: String(found?.lbPolicy ?? 'ROUND_ROBIN'),
  };
}

/** Of the route that takes every request. */
function clusterIn(route: RouteConfiguration | undefined): string | undefined {
  const routes = route?.virtualHosts?.flatMap((host) => host.routes ?? []) ?? [];
  const action = routes.findLast(({ match }) => match?.prefix === '/')?.route;
  return action?.cluster;
}
