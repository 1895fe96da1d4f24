import { describe, expect, it } from 'vitest';
import { aPort, aService, aSlice, serviceUpdate, sliceUpdate } from '../../test/support/builders.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { ModelStore, type ModelUpdate } from '../model/model.ts';
import type { ServicePort } from '../model/service.ts';
import type { ServiceView } from '../protos/generated/types/fairlead/node/v1/ServiceView.ts';
import type { ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { defaultSettings } from './settings.ts';
import { endpointsUnit } from './units/endpoints-unit.ts';

const dns: ServicePort = { name: 'dns', protocol: 'UDP', port: 53, appProtocol: 'tcp' };
const service: ModelUpdate = {
  kind: 'Service',
  key: 'kube-system/dns',
  value: {
    namespace: 'kube-system',
    name: 'dns',
    createdAt: '2026-01-01T00:00:00Z',
    clusterIPs: ['10.96.0.10'],
    ports: [dns],
    internalTrafficPolicy: 'Local',
    sessionAffinity: { kind: 'None' },
    policy: {},
  },
};

function on(node: number, address: string, rest: Partial<Endpoint> = {}): Endpoint {
  const conditions = { ready: true, serving: true, terminating: false };
  return { address, ...conditions, nodeName: `node${node}`, hintZones: [], hintNodes: [], ...rest };
}

function slice(endpoints: readonly Endpoint[]): ModelUpdate {
  const ports = [{ name: 'dns', protocol: 'UDP', port: 5353 }] as const;
  const value = {
    namespace: 'kube-system',
    name: 'dns-1',
    serviceName: 'dns',
    family: 'IPv4',
    ports,
    endpoints,
  } as const;
  return { kind: 'EndpointSlice', key: 'kube-system/dns-1', value };
}

describe('the view of a node-local DNS Service', () => {
  const model = new ModelStore();
  const entryWith = (endpoints: readonly Endpoint[]): ResourceEntry => {
    model.apply([service, slice(endpoints)]);
    const { entries } = endpointsUnit.translate(model, 'kube-system/dns', defaultSettings);
    const entry = entries.find(({ typeUrl }) => typeUrl === typeUrls.serviceView);
    if (entry === undefined) throw new Error('there is no view');
    return entry;
  };
  const viewOn = (entry: ResourceEntry, node: number) =>
    entry.build({ nodeName: `node${node}`, zone: '' }) as ServiceView;

  it('changes for the node whose endpoint was replaced, and for no other', () => {
    const before = entryWith([on(1, '10.244.1.5'), on(2, '10.244.2.5')]);
    const after = entryWith([on(1, '10.244.1.5'), on(2, '10.244.2.6')]);
    expect(viewOn(after, 1)).toEqual(viewOn(before, 1));
    expect(viewOn(after, 2)).not.toEqual(viewOn(before, 2));
    const changed = after.changedKeys?.(before);
    expect([1, 2, 3].filter((node) => changed?.has(`node${node}`) !== false)).toEqual([2]);
  });

  it("names the node's own endpoint that goes on serving beside a new one, so that its flows are not cut", () => {
    const leaving = on(1, '10.244.1.5', { ready: false, terminating: true });
    const view = viewOn(entryWith([leaving, on(1, '10.244.1.6'), on(2, '10.244.2.5')]), 1);
    expect(view.frontends?.[0]).toMatchObject({ endpointSet: 0, servingSet: 1 });
    expect(view.endpointSets?.map(({ addresses }) => addresses?.length)).toEqual([4, 8]);
  });
});

describe('the view of a Service with externalTrafficPolicy Local', () => {
  const model = new ModelStore();
  const external = {
    ...({ type: 'NodePort', externalIPs: [], loadBalancer: [], sourceRanges: [], allocatesNodePorts: true } as const),
    trafficPolicy: 'Local' as const,
  };
  const port = aPort({ nodePort: 30_080 });
  const entryWith = (endpoints: readonly Endpoint[], changedMs?: number): ResourceEntry => {
    const time = changedMs === undefined ? {} : { changedMs };
    model.apply([serviceUpdate(aService({ ports: [port], external })), sliceUpdate(aSlice({ endpoints, ...time }))]);
    const { entries } = endpointsUnit.translate(model, 'shop/web', defaultSettings);
    const entry = entries.find(({ typeUrl }) => typeUrl === typeUrls.serviceView);
    if (entry === undefined) throw new Error('there is no view');
    return entry;
  };

  it('changes on every node with an endpoint: pods of each are short-circuited to all', () => {
    const before = entryWith([on(1, '10.1.1.1'), on(2, '10.1.2.1')]);
    const after = entryWith([on(1, '10.1.1.1'), on(2, '10.1.2.2')]);
    const frontend = (after.build({ nodeName: 'node3', zone: '' }) as ServiceView).frontends?.[1];
    expect(frontend).toMatchObject({ kind: 'NODE_PORT', endpointSet: 1, shortCircuitSet: 0 });
    expect(after.changedKeys?.(before)).toBeUndefined();
  });

  it('changes on no node when a slice was written again, or with another time only', () => {
    const before = entryWith([on(1, '10.1.1.1')]);
    expect(entryWith([on(1, '10.1.1.1')], 5).changedKeys?.(before)).toEqual(new Set());
  });
});
