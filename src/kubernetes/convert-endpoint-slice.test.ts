import { describe, expect, it } from 'vitest';
import { convertObject } from './convert.ts';

const ofWeb = { 'kubernetes.io/service-name': 'web' };

function convert(body: object, labels: object = ofWeb, name = 'web-1') {
  const { update, problems } = convertObject({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'shop', labels },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080 }],
    endpoints: [{ addresses: ['10.1.0.1'] }],
    ...body,
  });
  const value = update?.kind === 'EndpointSlice' ? update.value : undefined;
  return { update, value, problems: problems.map(({ field, message }) => `${field}: ${message}`) };
}

describe('an EndpointSlice', () => {
  it('becomes what the model holds of it, and nothing else', () => {
    const { update, problems } = convert({
      addressType: 'IPv6',
      ports: [
        { name: 'http', port: 8080, protocol: 'TCP', appProtocol: 'http' },
        { name: 'http', port: 8081, protocol: 'UDP' },
      ],
      endpoints: [
        {
          addresses: ['FD00::1', 'not looked at'],
          conditions: { ready: false, serving: true, terminating: true },
          nodeName: 'a',
          zone: 'z1',
          hints: { forZones: [{ name: 'z1' }, { name: 'z2' }], forNodes: [{ name: 'a' }] },
          targetRef: { kind: 'Pod', name: 'web-abc' },
          deprecatedTopology: {},
        },
      ],
    });
    expect(problems).toEqual([]);
    expect(update).toEqual({
      kind: 'EndpointSlice',
      key: 'shop/web-1',
      value: {
        namespace: 'shop',
        name: 'web-1',
        serviceName: 'web',
        family: 'IPv6',
        ports: [
          { name: 'http', protocol: 'TCP', port: 8080 },
          { name: 'http', protocol: 'UDP', port: 8081 },
        ],
        endpoints: [
          {
            address: 'fd00::1',
            ready: false,
            serving: true,
            terminating: true,
            nodeName: 'a',
            zone: 'z1',
            hintZones: ['z1', 'z2'],
            hintNodes: ['a'],
          },
        ],
      },
    });
  });

  it('takes absent conditions as ready, serving and not terminating', () => {
    for (const conditions of [undefined, null, {}, { ready: null, serving: null, terminating: null }]) {
      const { value, problems } = convert({ endpoints: [{ addresses: ['10.1.0.1'], conditions }] });
      expect(problems).toEqual([]);
      expect(value?.endpoints).toEqual([
        { address: '10.1.0.1', ready: true, serving: true, terminating: false, hintZones: [], hintNodes: [] },
      ]);
    }
  });

  it.each([
    ['no Service', {}],
    ['a Service without a name', { 'kubernetes.io/service-name': '' }],
    ['a headless Service', { ...ofWeb, 'service.kubernetes.io/headless': '' }],
  ])('is skipped without a word when it is of %s', (_what, labels) => {
    const { update, problems } = convert({}, labels);
    expect(problems).toEqual([]);
    expect(update).toEqual({ kind: 'EndpointSlice', key: 'shop/web-1', value: undefined });
  });

  it.each([
    ['FQDN', 'addressType: FQDN addresses are not used (kube-proxy does not use them either); the slice is not used'],
    [undefined, 'addressType: is missing; the slice is not used'],
    ['IPv5', 'addressType: is "IPv5", not one of IPv4, IPv6, FQDN; the slice is not used'],
  ])('is reported and skipped when its addresses are %s', (addressType, problem) => {
    const { update, problems } = convert({ addressType, endpoints: [{ addresses: ['example.com'] }] });
    expect(update).toEqual({ kind: 'EndpointSlice', key: 'shop/web-1', value: undefined });
    expect(problems).toEqual([problem]);
  });

  it('leaves out bad endpoints and keeps the good', () => {
    const { value, problems } = convert({
      endpoints: [
        { addresses: ['10.1.0.1'] },
        { addresses: [] },
        {},
        { addresses: 'x' },
        { addresses: [5] },
        { addresses: ['host.example.com'] },
        { addresses: ['fd00::1'] },
        { addresses: ['0.0.0.0'] },
        null,
        { addresses: ['10.1.0.2'], conditions: { ready: 'yes' }, nodeName: 3, zone: [], hints: { forZones: ['z'] } },
      ],
    });
    expect(value?.endpoints.map(({ address }) => address)).toEqual(['10.1.0.1', '10.1.0.2']);
    expect(problems).toEqual([
      'endpoints[8]: is null, not an object; it is left out',
      'endpoints[1].addresses[0]: is missing; the endpoint is left out',
      'endpoints[2].addresses[0]: is missing; the endpoint is left out',
      'endpoints[3].addresses[0]: is missing; the endpoint is left out',
      'endpoints[4].addresses[0]: is 5, not an IP address; the endpoint is left out',
      'endpoints[5].addresses[0]: is "host.example.com", not an IP address; the endpoint is left out',
      "endpoints[6].addresses[0]: is fd00::1, but the slice's addressType is IPv4; the endpoint is left out",
      'endpoints[7].addresses[0]: 0.0.0.0 is an unspecified address; the endpoint is left out',
      'endpoints[9].conditions.ready: is "yes", not true or false; the endpoint is treated as not ready',
      'endpoints[9].nodeName: is 3, not a string; it is treated as absent',
      'endpoints[9].zone: is a list, not a string; it is treated as absent',
      'endpoints[9].hints.forZones[0]: is "z", not an object; it is left out',
    ]);
  });

  it.each([
    [{ ready: 'yes' }, { ready: false, serving: true, terminating: false }],
    [
      { ready: true, serving: 1 },
      { ready: true, serving: false, terminating: false },
    ],
    [
      { ready: false, terminating: 'true' },
      { ready: false, serving: true, terminating: false },
    ],
    ['ready', { ready: false, serving: false, terminating: false }],
  ])('takes an endpoint whose conditions cannot be read as not ready: %j', (conditions, expected) => {
    const { value, problems } = convert({ endpoints: [{ addresses: ['10.1.0.1'], conditions }] });
    expect(value?.endpoints).toMatchObject([expected]);
    expect(problems).toHaveLength(1);
  });

  it('keeps one of duplicate addresses, and reports them', () => {
    const { value, problems } = convert({ endpoints: [{ addresses: ['10.1.0.1'] }, { addresses: ['10.1.0.1'] }] });
    expect(value?.endpoints).toHaveLength(1);
    expect(problems).toEqual([
      'endpoints[1].addresses[0]: 10.1.0.1 is listed twice; the first is used, this one is left out',
    ]);
  });

  it('prefers the one that can take traffic where pods share the address of their host', () => {
    const leaving = { addresses: ['10.1.0.1'], conditions: { ready: false, serving: true, terminating: true } };
    const ready = { addresses: ['10.1.0.1'], conditions: { ready: true } };
    for (const endpoints of [
      [leaving, ready],
      [ready, leaving],
    ]) {
      const { value, problems } = convert({ endpoints });
      expect(problems).toEqual([]);
      expect(value?.endpoints).toMatchObject([{ ready: true, terminating: false }]);
    }
  });

  it('takes a port without a name as the API server does, and ignores those without a number, and duplicates', () => {
    const { value, problems } = convert({
      ports: [
        { name: 'a', port: 1 },
        { port: 2 },
        { name: null, port: 3 },
        { name: 'b' },
        { name: 'c', port: 0 },
        { name: 'a', port: 4 },
        { name: 'd', port: 5, protocol: 'tcp' },
        { name: '', port: 6 },
      ],
    });
    expect(value?.ports.map(({ name, port }) => `${name}:${port}`)).toEqual(['a:1', ':2']);
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'ports[2].name',
      'ports[3].port',
      'ports[4].port',
      'ports[5].name',
      'ports[6].protocol',
      'ports[7].name',
    ]);
  });

  it('may have a thousand endpoints, and none', () => {
    const endpoints = Array.from({ length: 1000 }, (_, i) => ({ addresses: [`10.1.${i >> 8}.${i & 255}`] }));
    expect(convert({ endpoints }).value?.endpoints).toHaveLength(1000);
    for (const none of [[], null, undefined]) {
      const { value, problems } = convert({ endpoints: none, ports: none });
      expect(problems).toEqual([]);
      expect(value).toMatchObject({ endpoints: [], ports: [] });
    }
  });

  it('may have a name of 253 characters, and none longer', () => {
    const name = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
    expect(name).toHaveLength(253);
    expect(convert({}, ofWeb, name).value?.name).toBe(name);
    expect(convert({}, ofWeb, `${name}d`).update).toBeUndefined();
  });

  it('reports a Service name that cannot be one', () => {
    const { value, problems } = convert({}, { 'kubernetes.io/service-name': 'Web!' });
    expect(value).toBeUndefined();
    expect(problems[0]).toMatch(/^metadata\.labels\[kubernetes\.io\/service-name\]: is "Web!", not a DNS label/);
  });
});
