import { describe, expect, it } from 'vitest';
import { aPort, aService } from '../../test/support/builders.ts';
import { ModelStore, type ModelUpdate } from '../model/model.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { grpcResolver } from './grpc.ts';

const { listener, route, cluster, endpoint, scopedRoute } = typeUrls;

const echo = aService({
  name: 'echo',
  ports: [aPort({ name: 'grpc', appProtocol: 'grpc' }), aPort({ name: 'dns', protocol: 'UDP', port: 53 })],
});

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
