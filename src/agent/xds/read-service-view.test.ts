import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../protos/registry.ts';
import { decodeServiceView } from './read-service-view.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
const set = { family: 'IPV4', verdict: 'FORWARD', addresses: bytes(10, 244, 1, 5), ports: [8080] };
const frontend = { address: bytes(10, 96, 0, 1), port: 80, protocol: 'TCP', dataPath: 'ENVOY_HTTP', endpointSet: 0 };

function decode(endpointSets: readonly object[], frontends: readonly object[], name = 'default/web') {
  const message = { namespace: 'default', name: 'web', endpointSets, frontends };
  return decodeServiceView(name, encodeMessage('fairlead.node.v1.ServiceView', message));
}

describe('a ServiceView', () => {
  it('is read with addresses in canonical text, and each frontend with its endpoints', () => {
    const ipv6 = bytes(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa);
    const two = { ...set, addresses: bytes(10, 244, 1, 5, 10, 244, 1, 6), ports: [8080, 8081] };
    const view = decode(
      [two, { family: 'IPV6', verdict: 'DROP' }],
      [frontend, { ...frontend, address: ipv6, protocol: 'UDP', dataPath: 'KERNEL', endpointSet: 1 }],
    );
    const endpoints = [
      { address: '10.244.1.5', port: 8080 },
      { address: '10.244.1.6', port: 8081 },
    ];
    const common = {
      kind: 'ClusterIP',
      port: 80,
      portName: '',
      failMode: 'Open',
      trafficPolicy: 'Cluster',
      shortCircuitSet: undefined,
      servingSet: undefined,
      affinityTimeoutSeconds: 0,
      sourceRanges: [],
    };
    expect(view).toEqual({
      key: 'default/web',
      healthCheck: undefined,
      endpointsChangedMs: 0,
      frontends: [
        {
          ...common,
          family: 'IPv4',
          address: '10.96.0.1',
          protocol: 'TCP',
          dataPath: 'EnvoyHttp',
          endpointSet: { family: 'IPv4', verdict: 'Forward', endpoints },
        },
        {
          ...common,
          family: 'IPv6',
          address: 'fd00::a',
          protocol: 'UDP',
          dataPath: 'Kernel',
          endpointSet: { family: 'IPv6', verdict: 'Drop', endpoints: [] },
        },
      ],
    });
  });

  it('has its health-check port, and when its endpoints were changed, beyond 32 bits', () => {
    const healthCheck = { port: 30_000, readyLocalIpv4: 2, readyLocalIpv6: 1 };
    const message = { namespace: 'default', name: 'web', healthCheck, endpointsChangedMs: 1_900_000_000_123 };
    const view = decodeServiceView('default/web', encodeMessage('fairlead.node.v1.ServiceView', message));
    expect(view.healthCheck).toEqual({ port: 30_000, readyLocal: { IPv4: 2, IPv6: 1 } });
    expect(view.endpointsChangedMs).toBe(1_900_000_000_123);
  });

  it('takes one port for all addresses, and a node port without an address', () => {
    const two = { ...set, addresses: bytes(10, 244, 1, 5, 10, 244, 1, 6) };
    const { frontends } = decode([two], [{ ...frontend, kind: 'NODE_PORT', address: bytes(), port: 30_080 }]);
    expect(frontends[0]).toMatchObject({ kind: 'NodePort', family: 'IPv4', address: '', port: 30_080 });
    expect(frontends[0]?.endpointSet.endpoints.map(({ port }) => port)).toEqual([8080, 8080]);
  });

  it('takes a reason for a path that it does not know', () => {
    expect(decode([set], [{ ...frontend, dataPathReason: 99 }]).frontends[0]).toMatchObject({ dataPath: 'EnvoyHttp' });
  });

  it.each([
    ['an address of 5 bytes', { address: bytes(1, 2, 3, 4, 5) }, /frontends\[0\]\.address: has 5 bytes/],
    ['no address', { address: bytes() }, /frontends\[0\]\.address: has 0 bytes/],
    ['an address of the other family', { address: new Uint8Array(16) }, /has 16 bytes, not the 4 of IPv4/],
    ['port 0', { port: 0 }, /frontends\[0\]\.port: 0 is not between/],
    ['port 70000', { port: 70_000 }, /70000 is not between/],
    ['a set that is not there', { endpointSet: 1 }, /endpoint_set: there is no endpoint set 1/],
    ['a kind of a later version', { kind: 9 }, /kind: 9 is not a value/],
  ])('is refused with %s', (_what, change, message) => {
    expect(() => decode([set], [{ ...frontend, ...change }])).toThrow(message);
  });

  it.each([
    [
      'no endpoints to forward to',
      { addresses: bytes(), ports: [] },
      /addresses: the verdict is FORWARD but there are none/,
    ],
    ['a piece of an address', { addresses: bytes(10, 244, 1) }, /3 bytes are not IPv4 addresses/],
    [
      'IPv4 in IPv6',
      { family: 'IPV6', addresses: bytes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4) },
      /mapped/,
    ],
    ['more ports than addresses', { ports: [1, 2] }, /ports: there are 2 for 1 addresses/],
    ['no ports', { ports: [] }, /ports: there are 0 for 1 addresses/],
    ['a verdict of a later version', { verdict: 9 }, /verdict: 9 is not a value/],
  ])('is refused with an endpoint set of %s', (_what, change, message) => {
    expect(() => decode([{ ...set, ...change }], [])).toThrow(message);
  });

  const six = { family: 'IPV6', verdict: 'REJECT' };
  const lb = { kind: 'LOAD_BALANCER', dataPath: 'KERNEL' };
  const udp = { protocol: 'UDP', dataPath: 'KERNEL' };
  const range = (prefixLength: number, ...address: number[]) => ({
    ...lb,
    sourceRanges: [{ address: Uint8Array.from(address), prefixLength }],
  });

  it.each([
    ['an address of a node port', { ...lb, kind: 'NODE_PORT' }, /address: a node port has none/],
    ['UDP for Envoy', { protocol: 'UDP' }, /data_path: Envoy does not take UDP/],
    ['a fail mode of a later version', { failMode: 9 }, /fail_mode: 9 is not a value/],
    ['a traffic policy of a later version', { trafficPolicy: 9 }, /traffic_policy: 9 is not a value/],
    [
      'a short circuit of a cluster IP',
      { trafficPolicy: 'LOCAL', shortCircuitSet: 0 },
      /short_circuit_set: is only for/,
    ],
    ['a short circuit that is not needed', { ...lb, shortCircuitSet: 0 }, /short_circuit_set: is only for LOCAL/],
    ['a short circuit to nothing', { ...lb, trafficPolicy: 'LOCAL', shortCircuitSet: 2 }, /there is no endpoint set 2/],
    [
      'a short circuit to the other family',
      { ...lb, trafficPolicy: 'LOCAL', shortCircuitSet: 1 },
      /short_circuit_set: endpoint set 1 is of IPv6, not IPv4/,
    ],
    ['a serving set of TCP', { servingSet: 0 }, /serving_set: is only for UDP, not TCP/],
    ['a serving set that is not there', { ...udp, servingSet: 7 }, /serving_set: there is no endpoint set 7/],
    ['a serving set of the other family', { ...udp, servingSet: 1 }, /serving_set: endpoint set 1 is of IPv6/],
    [
      'an affinity of two days',
      { affinityTimeoutSeconds: 172_800 },
      /affinity_timeout_seconds: 172800 is more than 86400/,
    ],
    [
      'source ranges of a cluster IP',
      { ...range(8, 10, 0, 0, 0), kind: 'CLUSTER_IP' },
      /source_ranges: ClusterIP has none/,
    ],
    ['a source range of 3 bytes', range(8, 10, 0, 0), /source_ranges\[0\]\.address: has 3 bytes/],
    ['a source range of 33 bits', range(33, 10, 0, 0, 0), /prefix_length: 33 is more than 32/],
    ['a source range with host bits', range(12, 10, 8, 0, 0), /source_ranges\[0\]: has bits behind the first 12/],
  ])('is refused with %s', (_what, change, message) => {
    expect(() => decode([set, six], [{ ...frontend, ...change }])).toThrow(message);
  });

  it('is taken with all that a frontend may have', () => {
    const all = {
      ...range(12, 10, 16, 0, 0),
      trafficPolicy: 'LOCAL',
      shortCircuitSet: 0,
      affinityTimeoutSeconds: 86_400,
    };
    const { frontends } = decode(
      [set, six],
      [
        { ...frontend, ...all, failMode: 'CLOSED' },
        { ...frontend, ...udp, servingSet: 0 },
      ],
    );
    expect(frontends).toHaveLength(2);
  });

  it('is refused with a health check without a port', () => {
    const message = { namespace: 'default', name: 'web', healthCheck: { readyLocalIpv4: 1 } };
    const view = encodeMessage('fairlead.node.v1.ServiceView', message);
    expect(() => decodeServiceView('default/web', view)).toThrow(/health_check\.port: 0 is not between/);
  });

  it('is refused under another name, with one port twice, and as garbage', () => {
    expect(() => decode([], [], 'default/other')).toThrow(/"default\/web" is not the resource's name/);
    expect(() => decode([set], [frontend, frontend])).toThrow(/frontends\[1\]: 10\.96\.0\.1 TCP 80 occurs twice/);
    expect(() => decodeServiceView('a/b', bytes(0xff, 0xff, 0xff))).toThrow(/is not a protobuf message/);
  });
});
