import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../protos/registry.ts';
import { decodeServiceView } from './read-service-view.ts';

const ipv4 = (...bytes: number[]) => Uint8Array.from(bytes);
const port = { address: ipv4(10, 96, 0, 1), port: 80, protocol: 'TCP', dataPath: 'ENVOY_HTTP', verdict: 'FORWARD' };
const endpoint = { address: ipv4(10, 244, 1, 5), port: 8080 };

function decode(ports: readonly object[], name = 'default/web') {
  const message = { namespace: 'default', name: 'web', ports };
  return decodeServiceView(name, encodeMessage('fairlead.node.v1.ServiceView', message));
}

describe('a ServiceView', () => {
  it('is read with addresses in canonical text', () => {
    const ipv6 = Uint8Array.from([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa]);
    const view = decode([
      { ...port, endpoints: [endpoint] },
      { ...port, address: ipv6, protocol: 'UDP', dataPath: 'KERNEL', verdict: 'DROP' },
    ]);
    expect(view).toEqual({
      key: 'default/web',
      ports: [
        {
          family: 'IPv4',
          address: '10.96.0.1',
          port: 80,
          protocol: 'TCP',
          dataPath: 'EnvoyHttp',
          verdict: 'Forward',
          endpoints: [{ address: '10.244.1.5', port: 8080 }],
        },
        {
          family: 'IPv6',
          address: 'fd00::a',
          port: 80,
          protocol: 'UDP',
          dataPath: 'Kernel',
          verdict: 'Drop',
          endpoints: [],
        },
      ],
    });
  });

  it.each([
    ['an address of 5 bytes', { ...port, address: ipv4(1, 2, 3, 4, 5) }, /ports\[0\]\.address: has 5 bytes/],
    ['no address', { ...port, address: ipv4() }, /ports\[0\]\.address: has 0 bytes/],
    ['port 0', { ...port, port: 0, endpoints: [endpoint] }, /ports\[0\]\.port: 0 is not between/],
    ['port 70000', { ...port, port: 70_000, endpoints: [endpoint] }, /70000 is not between/],
    ['no endpoints to forward to', port, /ports\[0\]\.endpoints: the verdict is FORWARD but there are none/],
    [
      'an endpoint of the other family',
      { ...port, endpoints: [{ address: new Uint8Array(16), port: 1 }] },
      /endpoints\[0\]\.address: is IPv6, the Service's is IPv4/,
    ],
    ['a verdict of a later version', { ...port, verdict: 9, endpoints: [endpoint] }, /verdict: 9 is not a value/],
  ])('is refused with %s', (_what, bad, message) => {
    expect(() => decode([bad])).toThrow(message);
  });

  it('is refused under another name, with one port twice, and as garbage', () => {
    expect(() => decode([], 'default/other')).toThrow(/"default\/web" is not the resource's name/);
    const twice = { ...port, endpoints: [endpoint] };
    expect(() => decode([twice, twice])).toThrow(/ports\[1\]: 10\.96\.0\.1 TCP 80 is there twice/);
    expect(() => decodeServiceView('a/b', Uint8Array.from([0xff, 0xff, 0xff]))).toThrow(/is not a protobuf message/);
  });
});
