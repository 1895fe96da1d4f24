import { beforeEach, describe, expect, it } from 'vitest';
import { anEndpoint, aPort, aService, aSlice, serviceUpdate, sliceUpdate } from '../../test/support/builders.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { ModelStore, type ModelUpdate } from '../model/model.ts';
import type { Service } from '../model/service.ts';
import type { ServiceView } from '../protos/generated/types/fairlead/node/v1/ServiceView.ts';
import type { ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { defaultSettings } from './settings.ts';
import { endpointsUnit } from './units/endpoints-unit.ts';

const nodes = ['node1', 'node2', 'node3'];
const policy: ModelUpdate = {
  kind: 'NetworkPolicy',
  key: 'shop/p',
  value: {
    ...{ namespace: 'shop', name: 'p', ingress: true, egress: false },
    podSelector: [{ key: 'app', operator: 'In', values: ['web'] }],
  },
};

function pod(node: number, labels: Readonly<Record<string, string>> = { app: 'web' }): ModelUpdate {
  const value = {
    namespace: 'shop',
    name: `web-${node}`,
    nodeName: `node${node}`,
    addresses: [`10.1.${node}.1`],
    labels,
  };
  return { kind: 'Pod', key: `shop/web-${node}`, value };
}

function on(node: number, rest: Partial<Endpoint> = {}): Endpoint {
  return anEndpoint(`10.1.${node}.1`, { nodeName: `node${node}`, ...rest });
}

describe('the view of a Service with endpoints that a policy selects', () => {
  let model: ModelStore;

  beforeEach(() => {
    model = new ModelStore();
  });

  const entryAfter = (...updates: readonly ModelUpdate[]): ResourceEntry => {
    model.apply(updates);
    const { entries } = endpointsUnit.translate(model, 'shop/web', defaultSettings);
    const entry = entries.find(({ typeUrl }) => typeUrl === typeUrls.serviceView);
    if (entry === undefined) throw new Error('there is no view');
    return entry;
  };
  const pathsOf = (entry: ResourceEntry) =>
    nodes.map((nodeName) => (entry.build({ nodeName, zone: '' }) as ServiceView).frontends?.[0]?.dataPath);
  const sharesOf = (entry: ResourceEntry) => nodes.map((nodeName) => entry.shareKey?.({ nodeName, zone: 'z' }));
  const changedOf = (entry: ResourceEntry, before: ResourceEntry) => {
    const keys = entry.changedKeys?.(before);
    return keys === undefined ? 'all' : nodes.filter((node) => keys.has(node));
  };

  function start(endpoints: readonly Endpoint[], service: Partial<Service> = {}): ResourceEntry {
    return entryAfter(serviceUpdate(aService(service)), sliceUpdate(aSlice({ endpoints })));
  }

  it('is for the fleet without a policy, and for nodes with one, so that no pod moves it from one to the other', () => {
    start([on(1), on(2)]);
    expect(entryAfter(pod(1), pod(2)).scope).toBe('fleet');
    const before = entryAfter(policy, pod(1, { app: 'other' }), pod(2, {}));
    expect(before.scope).toBe('node');
    expect(changedOf(entryAfter(pod(1)), before)).toEqual(['node1']);
    expect(entryAfter({ ...policy, value: undefined }).scope).toBe('fleet');
  });

  it('says kernel where the pod runs, and two forms are all that is made', () => {
    start([on(1), on(2)]);
    const entry = entryAfter(policy, pod(1));
    expect(pathsOf(entry)).toEqual(['KERNEL', 'ENVOY_TCP', 'ENVOY_TCP']);
    const [one, two, three] = sharesOf(entry);
    expect(two).toBe(three);
    expect(one).not.toBe(two);
  });

  it('changes for the node of a pod that comes to be selected, and for no other', () => {
    start([on(1), on(2), on(3)]);
    const before = entryAfter(policy, pod(1), pod(2, {}));
    expect(changedOf(entryAfter(pod(2)), before)).toEqual(['node2']);
  });

  it('changes for all with the endpoints that all of them use', () => {
    start([on(1), on(2)]);
    const before = entryAfter(policy, pod(1));
    expect(changedOf(entryAfter(sliceUpdate(aSlice({ endpoints: [on(1)] }))), before)).toBe('all');
  });

  it('changes for its own node only where endpoints are local', () => {
    const local = { internalTrafficPolicy: 'Local' as const };
    start([on(1), on(2)], local);
    const before = entryAfter(policy, pod(1));
    expect(sharesOf(before)).toEqual([undefined, undefined, undefined]);
    const moved = sliceUpdate(aSlice({ endpoints: [on(1), on(3)] }));
    expect(changedOf(entryAfter(moved), before)).toEqual(['node2', 'node3']);
  });

  it('keeps the endpoints of each zone apart', () => {
    start([on(1, { hintZones: ['z'] }), on(2, { hintZones: ['y'] })]);
    const before = entryAfter(policy, pod(1));
    const shares = (nodeName: string, zone: string) => before.shareKey?.({ nodeName, zone });
    expect(shares('node3', 'z')).not.toBe(shares('node3', 'y'));
    expect(changedOf(entryAfter(pod(2)), before)).toEqual(['node2']);
    const other = sliceUpdate(aSlice({ endpoints: [on(1, { hintZones: ['y'] }), on(2, { hintZones: ['y'] })] }));
    expect(changedOf(entryAfter(other), before)).toBe('all');
  });

  it('is the same for all nodes when no port takes the Envoy path', () => {
    start([on(1)], { ports: [aPort({ protocol: 'UDP' })] });
    expect(entryAfter(policy, pod(1)).scope).toBe('fleet');
  });
});
