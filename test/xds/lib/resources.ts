import type { MessageObject } from '../../../src/protos/registry.ts';
import type { ClientView, ResourceEntry, Scope } from '../../../src/resources/resource-entry.ts';
import { typeUrls } from '../../../src/resources/type-urls.ts';

interface Options {
  readonly wildcard?: boolean;
  readonly scope?: Scope;
}

function entry(
  typeUrl: string,
  name: string,
  build: (view: ClientView) => MessageObject,
  options: Options,
): ResourceEntry {
  return { typeUrl, name, wildcard: options.wildcard ?? false, scope: options.scope ?? 'fleet', build };
}

/** A cluster whose endpoints come by EDS under its own name. `seconds` makes versions differ. */
export function cluster(name: string, seconds = 1, options: Options = {}): ResourceEntry {
  const build = () => ({
    name,
    type: 'EDS',
    connectTimeout: { seconds },
    edsClusterConfig: { edsConfig: { ads: {}, resourceApiVersion: 'V3' } },
  });
  const refreshes = [{ typeUrl: typeUrls.endpoint, name }];
  return { ...entry(typeUrls.cluster, name, build, options), refreshes };
}

export function endpoints(clusterName: string, ports: readonly number[], options: Options = {}): ResourceEntry {
  const lbEndpoints = ports.map((portValue) => ({
    endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue } } },
  }));
  const locality = { locality: { zone: 'z' }, loadBalancingWeight: { value: 1 }, lbEndpoints };
  const build = () => ({ clusterName, endpoints: ports.length === 0 ? [] : [locality] });
  return entry(typeUrls.endpoint, clusterName, build, options);
}

export function route(name: string, clusterName: string, options: Options = {}): ResourceEntry {
  const routes = [{ match: { prefix: '' }, route: { cluster: clusterName } }];
  const build = () => ({ name, virtualHosts: [{ name: 'all', domains: ['*'], routes }] });
  return entry(typeUrls.route, name, build, options);
}

export function listener(name: string, statPrefix = 'a', options: Options = { wildcard: true }): ResourceEntry {
  return entry(typeUrls.listener, name, () => ({ name, statPrefix }), options);
}

export function scopedRoute(name: string, options: Options = { wildcard: true }): ResourceEntry {
  const build = () => ({
    name,
    onDemand: true,
    routeConfigurationName: name,
    key: { fragments: [{ stringKey: name }] },
  });
  return entry(typeUrls.scopedRoute, name, build, options);
}

/** A real listener on any port of loopback that sends TCP to a cluster, asked for when the first connection comes. */
export function tcpListener(name: string, clusterName: string): ResourceEntry {
  const type = 'type.googleapis.com/envoy.extensions.filters.network.';
  const setCluster = {
    '@type': `${type}set_filter_state.v3.Config`,
    onNewConnection: [
      { objectKey: 'envoy.tcp_proxy.cluster', formatString: { textFormatSource: { inlineString: clusterName } } },
    ],
  };
  const tcpProxy = {
    '@type': `${type}tcp_proxy.v3.TcpProxy`,
    statPrefix: name,
    cluster: 'none',
    onDemand: { odcdsConfig: { ads: {}, resourceApiVersion: 'V3' } },
  };
  const filters = [
    { name: 'cluster', typedConfig: setCluster },
    { name: 'proxy', typedConfig: tcpProxy },
  ];
  const address = { socketAddress: { address: '127.0.0.1', portValue: 0 } };
  return entry(typeUrls.listener, name, () => ({ name, address, filterChains: [{ filters }] }), { wildcard: true });
}

/** The four resources of `xds:///<name>` for proxyless gRPC. */
export function grpcService(name: string, ports: readonly number[]): readonly ResourceEntry[] {
  const ads = { ads: {}, resourceApiVersion: 'V3' };
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    rds: { configSource: ads, routeConfigName: name },
    httpFilters: [
      {
        name: 'router',
        typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  const build = () => ({ name, apiListener: { apiListener: manager } });
  return [entry(typeUrls.listener, name, build, {}), route(name, name), cluster(name), endpoints(name, ports)];
}

/** For the removals of a cache. */
export function gone(typeUrl: string, name: string) {
  return [{ typeUrl, name }];
}
