import { describe, expect, it } from 'vitest';
import { ModelStore, type ModelUpdate } from '../model/model.ts';
import type { Service } from '../model/service.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { grpcResolver } from './grpc.ts';

const { listener, route, cluster, endpoint, scopedRoute } = typeUrls;

const echo: Service = {
  namespace: 'shop',
  name: 'echo',
  createdAt: '',
  clusterIPs: ['10.96.0.1'],
  ports: [
    { name: 'grpc', protocol: 'TCP', port: 80, appProtocol: 'grpc' },
    { name: 'dns', protocol: 'UDP', port: 53, appProtocol: 'tcp' },
  ],
  internalTrafficPolicy: 'Cluster',
  sessionAffinity: { kind: 'None' },
  policy: {},
};

function resolverOf(...updates: readonly ModelUpdate[]) {
  const model = new ModelStore();
  model.apply(updates);
  return grpcResolver(model);
}

describe('the names that proxyless gRPC clients ask for', () => {
  const resolve = resolverOf({ kind: 'Service', key: 'shop/echo', value: echo });

  it('stand for a listener, a route and a cluster of the Service, and for endpoints that change with its endpoints', () => {
    const found = [listener, route, cluster, endpoint].map((typeUrl) => resolve(typeUrl, 'shop/echo:80'));
    expect(found.map((resolution) => [resolution?.entry?.typeUrl, resolution?.owner])).toEqual([
      [listener, 'service/shop/echo'],
      [route, 'service/shop/echo'],
      [cluster, 'service/shop/echo'],
      [endpoint, 'endpoints/shop/echo'],
    ]);
    for (const resolution of found) expect(resolution?.entry).toMatchObject({ name: 'shop/echo:80', wildcard: false });
  });

  it('are of a Service that may still come', () => {
    expect(resolve(cluster, 'shop/echo:81')).toEqual({ owner: 'service/shop/echo', entry: undefined });
    expect(resolve(cluster, 'shop/echo:53')).toEqual({ owner: 'service/shop/echo', entry: undefined });
    expect(resolverOf()(endpoint, 'shop/echo:80')).toEqual({ owner: 'endpoints/shop/echo', entry: undefined });
  });

  it.each(['10.96.0.1:80', '[fd00::1]:80', 'shop/echo', 'shop/echo:http', 'a/b/c:80', '*', ''])(
    'do not look like %j',
    (name) => expect(resolve(cluster, name)).toBeUndefined(),
  );

  it('are of the types that these clients ask for', () => {
    expect(resolve(scopedRoute, 'shop/echo:80')).toBeUndefined();
    expect(resolve('of another kind', 'shop/echo:80')).toBeUndefined();
  });
});
