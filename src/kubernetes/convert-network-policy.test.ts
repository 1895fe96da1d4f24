import { describe, expect, it } from 'vitest';
import { convertObject } from './convert.ts';

function policyOf(spec: object | undefined) {
  const { update, problems } = convertObject({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'p', namespace: 'shop' },
    ...(spec === undefined ? {} : { spec }),
  });
  return { value: update?.value, problems: problems.map(({ field }) => field) };
}

const rule = [{}];

describe('a NetworkPolicy', () => {
  it.each([
    ['without types and rules for egress', {}, true, false],
    ['without types, with rules for egress', { egress: rule }, true, true],
    ['without types, with an empty list for egress', { egress: [] }, true, false],
    ['of Egress only', { policyTypes: ['Egress'] }, false, true],
    ['of Egress only, with rules for ingress', { policyTypes: ['Egress'], ingress: rule }, false, true],
    ['of Ingress only, with rules for egress', { policyTypes: ['Ingress'], egress: rule }, true, false],
    ['of both', { policyTypes: ['Ingress', 'Egress'] }, true, true],
  ])('%s', (_, spec, ingress, egress) => {
    const { value, problems } = policyOf({ podSelector: {}, ...spec });
    expect(value).toEqual({ namespace: 'shop', name: 'p', podSelector: [], ingress, egress });
    expect(problems).toEqual([]);
  });

  it('selects by labels and by expressions', () => {
    const matchExpressions = [
      { key: 'tier', operator: 'NotIn', values: ['db'] },
      { key: 'job', operator: 'DoesNotExist' },
    ];
    const { value } = policyOf({ podSelector: { matchLabels: { app: 'web' }, matchExpressions } });
    expect(value).toMatchObject({
      podSelector: [
        { key: 'app', operator: 'In', values: ['web'] },
        { key: 'tier', operator: 'NotIn', values: ['db'] },
        { key: 'job', operator: 'DoesNotExist' },
      ],
    });
  });

  it('selects more, not less, where it cannot be read', () => {
    const matchExpressions = [
      { key: 'a', operator: 'Like' },
      { key: 'b', operator: 'In', values: [] },
      { operator: 'Exists' },
    ];
    const { value, problems } = policyOf({ podSelector: { matchLabels: { app: 1 }, matchExpressions } });
    expect(value).toMatchObject({ podSelector: [], ingress: true });
    expect(problems).toEqual([
      'spec.podSelector.matchLabels.app',
      'spec.podSelector.matchExpressions[0].operator',
      'spec.podSelector.matchExpressions[1].values',
    ]);
    expect(policyOf(undefined).value).toMatchObject({ podSelector: [], ingress: true, egress: false });
  });
});

describe('a policy of another kind', () => {
  it.each([
    ['crd.projectcalico.org/v1', 'NetworkPolicy', 'networkpolicies.crd.projectcalico.org/shop/p', 'shop'],
    ['crd.projectcalico.org/v1', 'GlobalNetworkPolicy', 'globalnetworkpolicies.crd.projectcalico.org/p', undefined],
    ['cilium.io/v2', 'CiliumNetworkPolicy', 'ciliumnetworkpolicies.cilium.io/shop/p', 'shop'],
    [
      'policy.networking.k8s.io/v1alpha1',
      'AdminNetworkPolicy',
      'adminnetworkpolicies.policy.networking.k8s.io/p',
      undefined,
    ],
  ])('%s %s is known by its place only', (apiVersion, kind, key, namespace) => {
    const { update } = convertObject({ apiVersion, kind, metadata: { name: 'p', namespace: 'shop' } });
    expect(update).toEqual({ kind: 'OtherPolicy', key, value: { namespace } });
  });
});

describe('a Pod', () => {
  const spec = { nodeName: 'node1' };
  const status = { phase: 'Running', podIP: '10.1.0.1', podIPs: [{ ip: '10.1.0.1' }, { ip: 'FD00::1' }] };
  const podOf = (change: object) => {
    const metadata = { name: 'web-1', namespace: 'shop', labels: { b: '2', a: '1' } };
    return convertObject({ apiVersion: 'v1', kind: 'Pod', metadata, spec, status, ...change }).update?.value;
  };

  it('is its node, its addresses and its labels', () => {
    const addresses = ['10.1.0.1', 'fd00::1'];
    const labels = { a: '1', b: '2' };
    expect(podOf({})).toEqual({ namespace: 'shop', name: 'web-1', nodeName: 'node1', addresses, labels });
    expect(podOf({ status: { podIP: '10.1.0.1' } })).toMatchObject({ addresses: ['10.1.0.1'] });
  });

  it.each([
    ['on the network of its node', { spec: { ...spec, hostNetwork: true } }],
    ['that succeeded', { status: { ...status, phase: 'Succeeded' } }],
    ['that failed', { status: { ...status, phase: 'Failed' } }],
    ['without an address', { status: { phase: 'Pending' } }],
    ['without a node', { spec: {} }],
  ])('is not kept when it is one %s', (_, change) => {
    expect(podOf(change)).toBeUndefined();
  });
});
