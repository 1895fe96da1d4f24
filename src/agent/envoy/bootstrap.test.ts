import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type BootstrapOptions, bootstrap, bootstrapYaml } from './bootstrap.ts';

const options: BootstrapOptions = {
  nodeName: 'node1',
  zone: 'a',
  admin: { kind: 'Tcp', host: '127.0.0.1', port: 15_000 },
  controllers: [
    { host: '10.0.0.1', port: 18_000 },
    { host: 'fd00::1', port: 18_000 },
  ],
};

describe("Envoy's bootstrap", () => {
  it('names the node, its zone and the controllers', () => {
    expect(bootstrap(options)).toMatchObject({
      node: { id: 'node1', cluster: 'fairlead', locality: { zone: 'a' } },
      dynamic_resources: { ads_config: { api_type: 'DELTA_GRPC' }, lds_config: { ads: {} }, cds_config: { ads: {} } },
      static_resources: {
        clusters: [{ type: 'STATIC', load_assignment: { endpoints: [{ priority: 0 }, { priority: 1 }] } }],
      },
    });
  });

  it('prefers one controller or the other by the name of the node, whatever the order in which they are given', () => {
    const hostsOf = (nodeName: string, controllers: BootstrapOptions['controllers']) => {
      const written = bootstrap({ ...options, nodeName, controllers });
      return JSON.stringify(written).match(/10\.0\.0\.1|fd00::1/g);
    };
    const firsts = [1, 2, 3, 4, 5, 6, 7, 8].map((index) => hostsOf(`node${index}`, options.controllers)?.[0]);
    expect(new Set(firsts).size).toBe(2);
    expect(hostsOf('a', options.controllers)).toEqual(hostsOf('a', [...options.controllers].reverse()));
  });

  it('leaves a controller at once that fails or falls silent, if there is another', () => {
    const clusterOf = (controllers: BootstrapOptions['controllers']) =>
      bootstrap({ ...options, controllers }) as { readonly static_resources: { readonly clusters: readonly object[] } };
    const [many] = clusterOf(options.controllers).static_resources.clusters;
    const [one] = clusterOf(options.controllers.slice(1)).static_resources.clusters;
    expect(many).toMatchObject({ outlier_detection: { consecutive_local_origin_failure: 1 } });
    expect(JSON.stringify(many)).toContain('"interval":"0.5s","timeout":"1s"');
    expect(one).not.toHaveProperty('outlier_detection');
    expect(JSON.stringify(one)).toContain('"interval":"10s","timeout":"5s"');
  });

  it('looks names up', () => {
    const named = { ...options, controllers: [{ host: 'controller.fairlead.svc', port: 18_000 }] };
    expect(bootstrap(named)).toMatchObject({ static_resources: { clusters: [{ type: 'STRICT_DNS' }] } });
  });

  it('can have its admin interface on a socket, and a limit on its heap', () => {
    const written = bootstrap({ ...options, admin: { kind: 'Unix', path: '/run/envoy.sock' }, maxHeapBytes: 1_000 });
    expect(written).toMatchObject({
      admin: { address: { pipe: { path: '/run/envoy.sock' } } },
      overload_manager: { resource_monitors: [{ typed_config: { max_heap_size_bytes: 1_000 } }] },
    });
    expect(bootstrap(options)).not.toHaveProperty('overload_manager');
  });

  it('can limit the connections of clients, alone and beside the heap', () => {
    const limit = { typed_config: { max_active_downstream_connections: 9_000 } };
    expect(bootstrap({ ...options, maxConnections: 9_000 })).toMatchObject({
      overload_manager: { resource_monitors: [limit] },
    });
    expect(bootstrap({ ...options, maxConnections: 9_000, maxHeapBytes: 1_000 })).toMatchObject({
      overload_manager: { resource_monitors: [{}, limit], actions: [{}, {}] },
    });
  });

  it('counts what operators look at, and not the rest', () => {
    const { stats_config } = bootstrap(options) as unknown as {
      readonly stats_config: {
        readonly stats_matcher: {
          readonly inclusion_list: {
            readonly patterns: readonly {
              readonly prefix?: string;
              readonly safe_regex?: { readonly regex: string };
            }[];
          };
        };
      };
    };
    const isCounted = (stat: string) =>
      stats_config.stats_matcher.inclusion_list.patterns.some(({ prefix, safe_regex }) =>
        prefix === undefined ? new RegExp(`^(?:${safe_regex?.regex})$`).test(stat) : stat.startsWith(prefix),
      );
    const wanted = [
      'control_plane.connected_state',
      'cluster.default/web/http.upstream_rq_total',
      'cluster.default/web/http.upstream_rq_5xx',
      'cluster.default/web/http.upstream_cx_overflow',
      'cluster.default/web/http.upstream_rq_pending_overflow',
      'cluster.default/web/http.outlier_detection.ejections_active',
      'cluster.default/web/http.circuit_breakers.default.cx_open',
      'http.http.downstream_rq_2xx',
      'http.http.scoped_rds.services.update_rejected',
      'listener_manager.lds.update_rejected',
      'cluster_manager.cds.update_rejected',
      'overload.envoy.overload_actions.reject_incoming_connections.active',
      'tcp.tcp.downstream_cx_total',
    ];
    expect(wanted.filter((stat) => !isCounted(stat))).toEqual([]);
    const unwanted = ['cluster.default/web/http.upstream_cx_length_ms', 'cluster.default/web/http.lb_healthy_panic'];
    expect(unwanted.filter(isCounted)).toEqual([]);
  });

  it('is YAML', () => {
    expect(parse(bootstrapYaml(options))).toEqual(JSON.parse(JSON.stringify(bootstrap(options))));
  });
});
