import { describe, expect, it } from 'vitest';
import { aNode, anEndpoint, aPort, aService, aSlice, serviceUpdate, sliceUpdate } from '../../test/support/builders.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { ModelStore, type ModelUpdate } from '../model/model.ts';
import type { Service } from '../model/service.ts';
import { defaultSettings } from '../translate/settings.ts';
import { answerText } from './answer-text.ts';
import { explain } from './explain.ts';
import type { Question } from './question.ts';

const nodes: readonly ModelUpdate[] = [1, 2].map((number) => {
  const addresses = [{ kind: 'Internal' as const, address: `192.168.0.${number}` }];
  const name = `node${number}`;
  const value = aNode({ name, zone: `zone-${number}`, addresses, podCidrs: [`10.244.${number}.0/24`] });
  return { kind: 'Node', key: name, value };
});
const shell: ModelUpdate = {
  kind: 'Pod',
  key: 'shop/shell',
  value: { namespace: 'shop', name: 'shell', nodeName: 'node1', addresses: ['10.244.1.9'], labels: {} },
};
const here = anEndpoint('10.244.1.5', { nodeName: 'node1', zone: 'zone-1' });
const there = anEndpoint('10.244.2.5', { nodeName: 'node2', zone: 'zone-2' });

function modelWith(
  service: Partial<Service> = {},
  endpoints: readonly Endpoint[] = [here, there],
  others: readonly ModelUpdate[] = [],
): ModelStore {
  const model = new ModelStore();
  model.apply([...nodes, shell, serviceUpdate(aService(service)), sliceUpdate(aSlice({ endpoints })), ...others]);
  return model;
}

function ask(model: ModelStore, question: Partial<Question> = {}, isEnvoyAway = false) {
  return explain(
    model,
    { from: 'shop/shell', to: 'shop/web', ...question },
    { settings: defaultSettings, isEnvoyAway },
  );
}

const external = {
  type: 'LoadBalancer',
  externalIPs: [],
  loadBalancer: [{ address: '198.51.100.1', ipMode: 'VIP' }],
  trafficPolicy: 'Local',
  sourceRanges: [],
  allocatesNodePorts: true,
} as const;
const nodePort = { external, ports: [aPort({ nodePort: 30_080 })] };

describe('the path', () => {
  it("is Envoy's for a pod, with its resources, and endpoints see the client", () => {
    const answer = ask(modelWith({ ports: [aPort({ appProtocol: 'http' })] }));
    expect(answer.path).toMatchObject({ kind: 'Envoy', reason: 'CLUSTER_SETTING' });
    expect(answer.envoy).toEqual({
      listener: 'http',
      route: '10.96.0.1:80',
      cluster: '10.96.0.1:80',
      loadBalancing: 'LEAST_REQUEST',
    });
    expect(answer.endpoints).toMatchObject([
      { address: '10.244.1.5', port: 8080, node: 'node1', source: { kind: 'Client', address: '10.244.1.9' } },
      { address: '10.244.2.5', node: 'node2', source: { kind: 'Client' } },
    ]);
  });

  it.each([
    ['Envoy is away', modelWith(), {}, true, 'EnvoyAway'],
    ['the node asks', modelWith(), { from: 'node1' }, false, 'NotAPod'],
    ['the port is UDP', modelWith({ ports: [aPort({ protocol: 'UDP' })] }), {}, false, 'PROTOCOL'],
    [
      'clients stay with an endpoint',
      modelWith({ sessionAffinity: { kind: 'ClientIP', timeoutSeconds: 60 } }),
      {},
      false,
      'SESSION_AFFINITY',
    ],
    ['there is no endpoint', modelWith({}, []), {}, false, 'NoEndpoints'],
  ] as const)('is the kernel where %s', (_why, model, question, isEnvoyAway, reason) => {
    expect(ask(model, question, isEnvoyAway).path).toMatchObject({ kind: 'Kernel', reason });
  });

  it('is the kernel where a NetworkPolicy selects the client', () => {
    const value = { namespace: 'shop', name: 'closed', podSelector: [], ingress: false, egress: true };
    const policy: ModelUpdate = { kind: 'NetworkPolicy', key: 'shop/closed', value };
    expect(ask(modelWith({}, undefined, [policy])).path).toMatchObject({ kind: 'Kernel', reason: 'EgressPolicy' });
  });
});

describe('the endpoints', () => {
  it('of the kernel have their probability and the source that they see', () => {
    const { endpoints, verdict } = ask(modelWith(), { from: 'node1' });
    expect(verdict.kind).toBe('Endpoint');
    expect(endpoints.map(({ probability, source }) => [probability, source])).toEqual([
      [0.5, { kind: 'Node', name: 'node1' }],
      [0.5, { kind: 'Node', name: 'node1' }],
    ]);
  });

  it('see the node where a pod reaches itself', () => {
    for (const isEnvoyAway of [false, true]) {
      const { endpoints } = ask(modelWith(), { from: '10.244.1.5', to: 'shop/web' }, isEnvoyAway);
      expect(endpoints.map(({ source }) => source.kind)).toEqual(['Node', 'Client']);
    }
  });

  it('of a node port with policy Local are those of the node, for clients outside', () => {
    const outside = { from: '203.0.113.9', to: '192.168.0.1:30080' };
    const answer = ask(modelWith(nodePort), outside);
    expect(answer.frontend).toMatchObject({ kind: 'NodePort', service: 'shop/web' });
    expect(answer.endpoints).toMatchObject([{ address: '10.244.1.5', probability: 1, source: { kind: 'Client' } }]);
    expect(answer.unused).toMatchObject([{ address: '10.244.2.5', reason: 'OtherNode' }]);
    expect(ask(modelWith(nodePort, [there]), outside).verdict).toMatchObject({
      kind: 'Dropped',
      text: expect.stringContaining('no endpoint is on node1'),
    });
    expect(ask(modelWith(nodePort, [there]), { to: '192.168.0.1:30080' }).endpoints).toHaveLength(1);
  });
});

describe('an endpoint is not used', () => {
  const not = { ready: false, serving: false };
  it.each([
    ['NotReady', { ...there, ...not }],
    ['NotServing', { ...there, ...not, terminating: true }],
    ['TerminatingWhileOthersAreReady', { ...there, ready: false, terminating: true }],
  ])('for %s', (reason, endpoint) => {
    expect(ask(modelWith({}, [here, endpoint])).unused).toMatchObject([{ address: '10.244.2.5', reason }]);
  });

  it.each([
    ['OtherZoneByHints', { hintZones: ['zone-1'] }, { hintZones: ['zone-2'] }],
    ['OtherNodeByHints', { hintNodes: ['node1'] }, { hintNodes: ['node2'] }],
  ])('for %s', (reason, near, far) => {
    const { unused, endpoints } = ask(
      modelWith({}, [
        { ...here, ...near },
        { ...there, ...far },
      ]),
    );
    expect([unused, endpoints]).toMatchObject([[{ address: '10.244.2.5', reason }], [{ address: '10.244.1.5' }]]);
  });

  it('for a slice without the port', () => {
    const other = aSlice({ name: 'web-2', ports: [{ name: 'x', protocol: 'TCP', port: 1 }], endpoints: [there] });
    expect(ask(modelWith({}, [here], [sliceUpdate(other)])).unused).toMatchObject([
      { address: '10.244.2.5', reason: 'PortNotInSlice' },
    ]);
  });
});

describe('the verdict', () => {
  it('is a refusal at a port that the Service does not have', () => {
    const { verdict, meaning } = ask(modelWith(), { to: 'web:81' });
    expect(verdict).toEqual({ kind: 'Rejected', text: 'is refused (tcp reset): the Service has no such port' });
    expect(meaning).toContain('which has no port 81/TCP (it has 80/TCP)');
  });

  it('is silence outside of the source ranges', () => {
    const model = modelWith({ ...nodePort, external: { ...external, sourceRanges: ['203.0.113.0/24'] } });
    const to = { to: '198.51.100.1:80', node: 'node1' };
    expect(ask(model, { ...to, from: '203.0.113.9' }).verdict.kind).toBe('Endpoint');
    expect(ask(model, { ...to, from: '203.0.114.9' }).verdict).toMatchObject({
      kind: 'Dropped',
      text: expect.stringContaining('loadBalancerSourceRanges'),
    });
  });

  it('is none for an address of no Service', () => {
    expect(ask(modelWith(), { to: '192.0.2.1:443' })).toMatchObject({
      path: { kind: 'None' },
      verdict: { kind: 'Untouched' },
    });
  });
});

it.each([
  [{ from: 'shop/shel' }, '--from: no pod and no node "shop/shel" is known; did you mean shop/shell?'],
  [{ to: 'wep' }, '--to: no Service "shop/wep" with a cluster IP is known; did you mean shop/web?'],
  [{ to: 'web:metrics' }, '--to: names no port: "metrics"; Service shop/web has 80/TCP'],
  [{ to: '10.96.0.1' }, '--to: 10.96.0.1 has no port'],
  [{ from: 'node1', to: 'web' }, '--to: no Service "default/web" with a cluster IP is known; did you mean shop/web?'],
  [{ to: '[fd00::1]:80' }, '--to: fd00::1 is IPv6, and shop/shell has no such address (it has 10.244.1.9)'],
  [{ node: 'node3' }, '--node: no Node "node3" is known; did you mean node1?'],
  [{ node: 'node2' }, '--node: shop/shell is on node node1'],
  [{ from: '203.0.113.9' }, '--node: 203.0.113.9 is not on a node of the cluster'],
])('refuses %o', (question, message) => {
  expect(() => ask(modelWith(), question)).toThrow(message);
});

it('prints of a node without addresses its name only', () => {
  const model = modelWith();
  model.apply([{ kind: 'Node', key: 'bare', value: aNode({ name: 'bare' }) }]);
  expect(answerText(ask(model, { from: 'bare' }))).toContain('From node bare to 10.96.0.1:80 TCP');
});

it('is printed in words', () => {
  expect(answerText(ask(modelWith({}, [here, { ...there, ready: false }])))).toMatchInlineSnapshot(`
    "From pod shop/shell (10.244.1.9) to 10.96.0.1:80 TCP, by the rules of node node1

    Address: a cluster IP of Service shop/web, port 80/TCP
    Path:    Envoy: the cluster's setting for this kind of traffic says so
    Verdict: the connection goes to Envoy on the node, at port 15001

    Decisions:
      prerouting fairlead divert: a new connection of a pod, to an address that Envoy takes
          rule   ct state new ct status ! dnat ip saddr @pods ip saddr != @kernel-path-pods ip daddr . tcp dport vmap @capture
          found  pods: 10.244.1.0/24
          found  capture: 10.96.0.1 . 80 : goto envoy-tcp
      prerouting fairlead envoy-tcp: the gate of Envoy's listener is open
          rule   meta l4proto @open-tcp goto to-tcp
          found  open-tcp: tcp
      prerouting fairlead to-tcp: handed to Envoy's listener for TCP
          rule   meta l4proto tcp tproxy to :15001 meta mark set meta mark & 0xffffcfff | 0x1000 ct mark set ct mark & 0xffffcfff | 0x1000 accept
      prerouting fairlead services-in: an address and port of a Service
          rule   meta mark & 0x3000 == 0x1000 meta l4proto tcp dnat ip to ip daddr

    Envoy:
      listener tcp
      cluster 10.96.0.1:80, LEAST_REQUEST

    Endpoints:
      10.244.1.5:8080, on node1, in zone-1, sees 10.244.1.9

    Not used:
      10.244.2.5 is not ready"
  `);
});
