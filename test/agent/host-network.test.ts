import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EndpointSlice } from '../../src/model/endpoint.ts';
import type { ModelUpdate } from '../../src/model/model.ts';
import { anEndpoint, aSlice, sliceUpdate } from '../support/builders.ts';
import { startEcho } from '../testbed/echo-pod.ts';
import { waitUntil } from '../testbed/wait.ts';
import type { DialResult } from './support/dial.ts';
import { echoPorts, Lab, leastEnvoyPort, pods, serviceUpdate } from './support/lab.ts';

const clusterIPs = { IPv4: '10.96.0.10', IPv6: 'fd00:96::10' } as const;
const nodes = {
  node1: { IPv4: '192.168.50.1', IPv6: 'fd00:50::1' },
  node2: { IPv4: '192.168.50.2', IPv6: 'fd00:50::2' },
} as const;

function sliceOf(family: EndpointSlice['family']): ModelUpdate {
  const name = `host-${family.toLowerCase()}`;
  const endpoints = (['node1', 'node2'] as const).map((nodeName) => anEndpoint(nodes[nodeName][family], { nodeName }));
  const ports = [{ name: 'tcp', protocol: 'TCP', port: echoPorts.tcp }] as const;
  return sliceUpdate(aSlice({ namespace: 'default', name, serviceName: 'host', family, ports, endpoints }));
}

// Such pods have their node's address: what Envoy sends to those of its own node never leaves it.
describe.each(['IPv4', 'IPv6'] as const)('pods in the network of their node, %s', (family) => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.open({ prefix: 'flhn-' });
    const { network, directory, processes } = lab;
    const startOn = (node: string) => startEcho(processes, { network, pod: node, node, directory, tcp: echoPorts.tcp });
    await Promise.all([lab.startController(), startOn('node1'), startOn('node2')]);
    await lab.update([serviceUpdate('host', [clusterIPs[family]], [{ name: 'tcp', port: 9 }]), sliceOf(family)]);
    await lab.startAgent('node1', lab.envoyArgs('node1'));
    await waitUntil(async () => (await lab.envoyState('node1')) === 'Connected', { what: 'Envoy to be connected' });
  });

  afterAll(() => lab.close());

  it('are reached through Envoy, and see the client', async () => {
    const results = await lab.dial('p1a', 'tcp', clusterIPs[family], 9, 20);
    const echoes = results.flatMap((result) => ('echo' in result ? [result.echo] : []));
    expect(errorsIn(results)).toEqual([]);
    expect(new Set(echoes.map(({ pod }) => pod))).toEqual(new Set(['node1', 'node2']));
    expect(new Set(echoes.map(({ clientAddress }) => clientAddress))).toEqual(new Set([pods.p1a[family]]));
    expect(echoes.every(({ clientPort }) => clientPort >= leastEnvoyPort)).toBe(true);
  });
});

function errorsIn(results: readonly DialResult[]): readonly string[] {
  return results.flatMap((result) => ('error' in result ? [result.error] : []));
}
