// Random Services and connections: the tables, executed, against a direct reading of the Service contract (§1.3 to §1.7).
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aFrontend, endpointSet, tableOptions } from '../../../test/support/frontends.ts';
import { defaultMarks } from '../../base/marks.ts';
import { outcomes } from '../../nftables/interpreter/outcomes.ts';
import { contentsOf } from '../../nftables/interpreter/table-contents.ts';
import type { DataPath, EndpointAddress, EndpointSet, FailMode, Frontend, FrontendKind } from '../xds/service-view.ts';
import { cidrMatcher } from './cidr-matcher.ts';
import { FamilyTable } from './family-table.ts';
import { closedGate } from './gate.ts';

const nodeAddress = '192.168.0.1';
const listeners = { EnvoyTcp: 15_001, EnvoyHttp: 15_002 } as const;

interface Case {
  readonly kind: FrontendKind;
  readonly protocol: Frontend['protocol'];
  readonly isLocal: boolean;
  readonly dataPath: DataPath;
  readonly failMode: FailMode;
  readonly isGateOpen: boolean;
  /** Of 10.244.1.0/24, the node's pods, or 10.244.2.0/24. */
  readonly endpoints: readonly EndpointAddress[];
  readonly sourceRanges: readonly string[];
  readonly kernelPathPods: readonly string[];
  readonly client: string;
}

const podAddress = fc.tuple(fc.constantFrom(1, 2), fc.integer({ min: 1, max: 4 })).map(([n, m]) => `10.244.${n}.${m}`);

const anyCase: fc.Arbitrary<Case> = fc.record({
  kind: fc.constantFrom<FrontendKind>('ClusterIP', 'LoadBalancer', 'ExternalIP', 'NodePort'),
  protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
  isLocal: fc.boolean(),
  dataPath: fc.constantFrom<DataPath>('Kernel', 'EnvoyTcp', 'EnvoyHttp'),
  failMode: fc.constantFrom<FailMode>('Open', 'Closed'),
  isGateOpen: fc.boolean(),
  endpoints: fc
    .uniqueArray(podAddress, { maxLength: 5 })
    .map((addresses) => addresses.map((address) => ({ address, port: 8080 }))),
  sourceRanges: fc.subarray(['203.0.113.0/24', '192.168.0.0/16', '10.244.1.0/24']),
  kernelPathPods: fc.uniqueArray(podAddress, { maxLength: 3 }),
  client: fc.oneof({ weight: 2, arbitrary: podAddress }, fc.constantFrom(nodeAddress, '203.0.113.9', '198.51.100.9')),
});

it('a node treats connections as the Service contract says', () => {
  fc.assert(
    fc.property(anyCase, (one) => {
      expect(executed(one)).toEqual(expected(one));
    }),
    { numRuns: 1_000 },
  );
});

function isPod(address: string): boolean {
  return address.startsWith('10.244.1.');
}

/** Envoy carries TCP of cluster IPs only; the controller asks for nothing else. */
function pathOf({ kind, protocol, dataPath }: Case): DataPath {
  return kind === 'ClusterIP' && protocol === 'TCP' ? dataPath : 'Kernel';
}

function setOf({ endpoints }: Case, isLocal: boolean): EndpointSet {
  const own = isLocal ? endpoints.filter(({ address }) => isPod(address)) : endpoints;
  return endpointSet(own, 'IPv4', endpoints.length > 0 ? 'Drop' : 'Reject');
}

function rangesOf({ kind, sourceRanges }: Case): readonly string[] {
  return kind === 'LoadBalancer' ? sourceRanges : [];
}

/** The contract, as one reads it. */
function expected(one: Case): readonly string[] {
  const { kind, isLocal, failMode, isGateOpen, client, kernelPathPods } = one;
  const ranges = rangesOf(one);
  if (ranges.length > 0 && !cidrMatcher(ranges)(client)) return ['Dropped'];
  const isInside = isPod(client) || client === nodeAddress;
  const isShortCircuited = kind !== 'ClusterIP' && isLocal && isInside;
  const { verdict, endpoints } = setOf(one, isLocal && !isShortCircuited);
  if (verdict === 'Reject') return ['Rejected'];
  if (verdict === 'Drop') return ['Dropped'];
  const path = pathOf(one);
  if (path !== 'Kernel' && isPod(client) && !kernelPathPods.includes(client)) {
    if (isGateOpen) return [`Envoy ${listeners[path]}`];
    if (failMode === 'Closed') return ['Rejected'];
  }
  return endpoints.map(({ address }) => {
    const isHairpin = address === client && isPod(client);
    return `${address} ${isHairpin || isMasqueraded(one) ? 'node' : 'client'} ${(1 / endpoints.length).toFixed(6)}`;
  });
}

function isMasqueraded({ kind, isLocal, client }: Case): boolean {
  if (kind === 'ClusterIP') return !isPod(client);
  return isLocal ? client === nodeAddress : true;
}

function executed(one: Case): readonly string[] {
  const { address, port } = frontendOf(one);
  const incoming = one.client === nodeAddress ? {} : { incoming: 'eth0' };
  const tuple = { source: one.client, sourcePort: 40_000, destination: address || nodeAddress, destinationPort: port };
  const protocol = one.protocol.toLowerCase() as 'tcp' | 'udp' | 'sctp';
  const host = {
    isLocal: (candidate: string) => candidate === nodeAddress,
    isRoutedToSockets: (mark: number) => (mark & defaultMarks.mask) === defaultMarks.redirect,
    listensAt: () => true,
  };
  const tables = contentsOf(tableOf(one).fullTransactions());
  const all = outcomes({ tables, host, packet: { family: 'ip', protocol, ...tuple, ...incoming } });
  return all.map(({ fate, packet, sourceTranslation, probability }) => {
    if (fate.kind === 'Redirected') return `Envoy ${fate.port}`;
    if (fate.kind !== 'Sent') return fate.kind;
    const seen = sourceTranslation.kind === 'None' ? 'client' : 'node';
    return `${packet.destination} ${seen} ${probability.toFixed(6)}`;
  });
}

function tableOf(one: Case): FamilyTable {
  const table = new FamilyTable(tableOptions('ip', { cidrs: ['10.244.1.0/24'] }));
  const frontend = frontendOf(one);
  table.elements.setNodeAddresses({ primary: nodeAddress, nodePorts: [nodeAddress] });
  table.setKernelPathPods(one.kernelPathPods);
  table.elements.put('shop/web', [frontend]);
  table.elements.capture.setScopes(new Set([`${frontend.address}:${frontend.port}`]));
  table.elements.capture.setGate({ ...closedGate, tcp: one.isGateOpen, http: one.isGateOpen });
  return table;
}

function frontendOf(one: Case): Frontend {
  const { kind, protocol, failMode, isLocal } = one;
  const address = kind === 'NodePort' ? '' : kind === 'ClusterIP' ? '10.96.0.1' : '198.51.100.1';
  return aFrontend({
    kind,
    protocol,
    address,
    port: kind === 'NodePort' ? 30_080 : 80,
    failMode,
    dataPath: pathOf(one),
    trafficPolicy: isLocal ? 'Local' : 'Cluster',
    endpointSet: setOf(one, isLocal),
    shortCircuitSet: isLocal && kind !== 'ClusterIP' ? setOf(one, false) : undefined,
    sourceRanges: rangesOf(one),
  });
}
