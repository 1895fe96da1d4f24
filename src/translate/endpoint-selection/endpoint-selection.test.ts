import { describe, expect, it } from 'vitest';
import { anEndpoint } from '../../../test/support/builders.ts';
import type { Endpoint, EndpointSlice } from '../../model/endpoint.ts';
import type { ServicePort } from '../../model/service.ts';
import { endpointsOf } from './port-endpoints.ts';

const port: ServicePort = { name: 'http', protocol: 'TCP', port: 80, appProtocol: 'http' };
const client = { nodeName: 'node1', zone: 'zone-a' };

const ready = anEndpoint;

function terminating(address: string, rest: Partial<Endpoint> = {}): Endpoint {
  return ready(address, { ready: false, terminating: true, ...rest });
}

function sliceOf(endpoints: readonly Endpoint[], rest: Partial<EndpointSlice> = {}): EndpointSlice {
  const ports = [{ name: 'http', protocol: 'TCP', port: 8080 }] as const;
  return { namespace: 'shop', name: 'web-a', serviceName: 'web', family: 'IPv4', ports, endpoints, ...rest };
}

function selected(
  slices: readonly EndpointSlice[],
  policy: 'Cluster' | 'Local' = 'Cluster',
  as = client,
): readonly string[] {
  const { verdict, endpoints } = endpointsOf(slices, port, 'IPv4').select(policy, as);
  return verdict === 'Forward' ? endpoints.map((one) => `${one.endpoint.address}:${one.port}`) : [verdict];
}

describe('candidates', () => {
  it('match by port name and protocol, with the number of each slice', () => {
    const slices = [
      sliceOf([ready('10.0.0.1')]),
      sliceOf([ready('10.0.0.2')], { ports: [{ name: 'http', protocol: 'TCP', port: 9090 }] }),
      sliceOf([ready('10.0.0.3')], { ports: [{ name: 'http', protocol: 'UDP', port: 8080 }] }),
      sliceOf([ready('10.0.0.4')], { ports: [{ name: 'other', protocol: 'TCP', port: 80 }] }),
      sliceOf([ready('fd00::1')], { family: 'IPv6' }),
    ];
    expect(selected(slices)).toEqual(['10.0.0.1:8080', '10.0.0.2:9090']);
  });

  it('count once for each address and port, the ready one where slices disagree', () => {
    const old = sliceOf([terminating('10.0.0.1', { nodeName: 'node1' })]);
    const reused = sliceOf([ready('10.0.0.1', { nodeName: 'node2' }), ready('10.0.0.2')]);
    expect(selected([old, reused])).toEqual(['10.0.0.1:8080', '10.0.0.2:8080']);
    expect(selected([old, reused], 'Local')).toEqual(['10.0.0.1:8080']);
  });
});

describe('conditions', () => {
  it('leave out what is not ready while anything is', () => {
    const notReady = ready('10.0.0.3', { ready: false, serving: false });
    expect(selected([sliceOf([ready('10.0.0.1'), terminating('10.0.0.2'), notReady])])).toEqual(['10.0.0.1:8080']);
  });

  it('fall back to what is serving while terminating, whatever its hints', () => {
    const far = terminating('10.0.0.1', { hintZones: ['zone-b'] });
    const near = terminating('10.0.0.2', { hintZones: ['zone-a'] });
    const gone = terminating('10.0.0.3', { serving: false });
    expect(selected([sliceOf([far, near, gone])])).toEqual(['10.0.0.1:8080', '10.0.0.2:8080']);
  });

  it('reject when there is nothing usable', () => {
    expect(selected([])).toEqual(['Reject']);
    expect(selected([sliceOf([ready('10.0.0.1', { ready: false })])], 'Local')).toEqual(['Reject']);
  });
});

describe('internalTrafficPolicy: Local', () => {
  const remote = ready('10.0.0.2', { nodeName: 'node2' });

  it("takes the node's own, and drops when there are only others", () => {
    expect(selected([sliceOf([ready('10.0.0.1', { nodeName: 'node1' }), remote])], 'Local')).toEqual(['10.0.0.1:8080']);
    expect(selected([sliceOf([remote, ready('10.0.0.3')])], 'Local')).toEqual(['Drop']);
  });

  it("falls back to the node's own terminating ones though others are ready elsewhere", () => {
    const own = terminating('10.0.0.1', { nodeName: 'node1' });
    expect(selected([sliceOf([own, remote])], 'Local')).toEqual(['10.0.0.1:8080']);
  });
});

describe('hints', () => {
  const here = ready('10.0.0.1', { hintNodes: ['node1'], hintZones: ['zone-a'] });
  const near = ready('10.0.0.2', { hintNodes: ['node2'], hintZones: ['zone-a'] });
  const far = ready('10.0.0.3', { hintNodes: ['node3'], hintZones: ['zone-b'] });
  const all = ['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.3:8080'];

  it.each([
    ['the node', client, ['10.0.0.1:8080']],
    ['the zone, where none names the node', { nodeName: 'node9', zone: 'zone-a' }, all.slice(0, 2)],
    ['neither, where none names either', { nodeName: 'node9', zone: 'zone-c' }, all],
    ['neither, for a node without a zone', { nodeName: 'node9', zone: '' }, all],
  ])('keep to %s', (_, as, expected) => {
    expect(selected([sliceOf([here, near, far])], 'Cluster', as)).toEqual(expected);
  });

  it('do not count when one ready endpoint has none', () => {
    expect(selected([sliceOf([here, near, ready('10.0.0.3')])])).toEqual(all);
  });

  it('of endpoints that are not ready do not count', () => {
    const slices = [sliceOf([here, terminating('10.0.0.3')])];
    expect(selected(slices)).toEqual(['10.0.0.1:8080']);
  });
});

describe('scope', () => {
  const plain = ready('10.0.0.1', { nodeName: 'node1', zone: 'zone-a' });
  const byZone = ready('10.0.0.2', { hintZones: ['zone-a'] });
  const byNode = ready('10.0.0.3', { hintNodes: ['node1'] });

  it.each([
    ['fleet', 'Cluster', [plain]],
    ['fleet', 'Cluster', [plain, byZone]],
    ['fleet', 'Cluster', [terminating('10.0.0.4', { hintZones: ['zone-a'] })]],
    ['zone', 'Cluster', [byZone]],
    ['zone', 'Cluster', [byZone, terminating('10.0.0.4')]],
    ['node', 'Cluster', [byNode]],
    ['node', 'Local', [plain]],
    ['fleet', 'Local', []],
  ] as const)('is the %s for %s policy, case %#', (scope, policy, endpoints) => {
    expect(endpointsOf([sliceOf(endpoints)], port, 'IPv4').scope(policy)).toBe(scope);
  });
});
