// The interpreter on the tables as the agent programs them: rows of the Service contract.
import { describe, expect, it } from 'vitest';
import { aFrontend, endpointSet, tableOptions } from '../../../test/support/frontends.ts';
import { defaultMarks } from '../../base/marks.ts';
import type { Host } from '../../nftables/interpreter/flight.ts';
import { outcomes } from '../../nftables/interpreter/outcomes.ts';
import type { Packet } from '../../nftables/interpreter/packet.ts';
import { contentsOf } from '../../nftables/interpreter/table-contents.ts';
import type { Frontend } from '../xds/service-view.ts';
import { FamilyTable } from './family-table.ts';
import { closedGate, type Gate } from './gate.ts';

const nodeAddress = '192.168.0.1';
const pod = '10.244.1.5';
const outside = '203.0.113.9';
const here = { address: '10.244.1.7', port: 8080 };
const there = { address: '10.244.2.8', port: 8080 };
const open: Gate = { ...closedGate, tcp: true, http: true };

const host: Omit<Host, 'random'> = {
  isLocal: (address) => address === nodeAddress,
  isRoutedToSockets: (mark) => (mark & defaultMarks.mask) === defaultMarks.redirect,
  listensAt: () => true,
};

function packet(source: string, destination: string, port = 80): Packet {
  const tuple = { source, destination, sourcePort: 40_000, destinationPort: port };
  const incoming = source === nodeAddress ? {} : { incoming: 'eth0' };
  return { family: 'ip', protocol: 'tcp', ...tuple, ...incoming };
}

/** What becomes of a connection: fate, endpoint, and whether its source is the node's. */
function seen(change: Partial<Frontend>, sent: Packet, gate: Gate = closedGate): readonly string[] {
  const table = new FamilyTable(tableOptions('ip', { cidrs: ['10.244.1.0/24'] }));
  table.elements.setNodeAddresses({ primary: nodeAddress, nodePorts: [nodeAddress] });
  table.elements.put('shop/web', [aFrontend({ endpointSet: endpointSet([here, there]), ...change })]);
  table.elements.capture.setGate(gate);
  const tables = contentsOf(table.fullTransactions());
  return outcomes({ tables, host, packet: sent }).map(({ fate, packet: last, sourceTranslation }) => {
    const endpoint = `${last.destination}:${last.destinationPort}`;
    if (fate.kind === 'Redirected') return `Envoy ${fate.port}`;
    if (fate.kind !== 'Sent') return fate.kind;
    return sourceTranslation.kind === 'None' ? endpoint : `${endpoint} as the node`;
  });
}

const clusterIp = '10.96.0.1';
const nodePort: Partial<Frontend> = { kind: 'NodePort', address: '', port: 30_080, trafficPolicy: 'Local' };
const both = ['10.244.1.7:8080', '10.244.2.8:8080'];
const bothAsNode = both.map((endpoint) => `${endpoint} as the node`);

describe('a connection', () => {
  it("of a pod to a cluster IP is Envoy's, and the kernel's while the gate is closed", () => {
    const change = { dataPath: 'EnvoyTcp' } as const;
    expect(seen(change, packet(pod, clusterIp), open)).toEqual(['Envoy 15001']);
    expect(seen(change, packet(pod, clusterIp))).toEqual(both);
  });

  it('of the node, and from outside, to a cluster IP is masqueraded', () => {
    const change = { dataPath: 'EnvoyTcp' } as const;
    expect(seen(change, packet(nodeAddress, clusterIp), open)).toEqual(bothAsNode);
    expect(seen(change, packet(outside, clusterIp), open)).toEqual(bothAsNode);
  });

  it('of a pod to itself through its Service is masqueraded', () => {
    expect(seen({}, packet(here.address, clusterIp))).toEqual(['10.244.1.7:8080 as the node', '10.244.2.8:8080']);
  });

  it('from outside to a node port of policy Local keeps its source, and is dropped without a local endpoint', () => {
    const shortCircuitSet = endpointSet([here, there]);
    const local = { ...nodePort, shortCircuitSet, endpointSet: endpointSet([here]) };
    const none = { ...nodePort, shortCircuitSet, endpointSet: endpointSet([], 'IPv4', 'Drop') };
    expect(seen(local, packet(outside, nodeAddress, 30_080))).toEqual(['10.244.1.7:8080']);
    expect(seen(none, packet(outside, nodeAddress, 30_080))).toEqual(['Dropped']);
    expect(seen(none, packet(pod, nodeAddress, 30_080))).toEqual(both);
    expect(seen(none, packet(nodeAddress, nodeAddress, 30_080))).toEqual(bothAsNode);
  });

  it('is refused without endpoints, and at a port that the Service does not have', () => {
    expect(seen({ endpointSet: endpointSet([]) }, packet(pod, clusterIp))).toEqual(['Rejected']);
    expect(seen({}, packet(pod, clusterIp, 81))).toEqual(['Rejected']);
  });

  it("to a load balancer's address is dropped outside of its source ranges", () => {
    const change = { kind: 'LoadBalancer', address: '198.51.100.1', sourceRanges: ['203.0.113.0/24'] } as const;
    expect(seen(change, packet(outside, '198.51.100.1'))).toEqual(bothAsNode);
    expect(seen(change, packet('203.0.114.9', '198.51.100.1'))).toEqual(['Dropped']);
  });
});
