import type { ElementSet } from '../../nftables/objects.ts';
import type { PacketFamily } from '../../nftables/rule.ts';

/** The sets and maps that a table always has. A frontend's key is its address, protocol and port. */
export interface NodeSets {
  readonly pods: ElementSet;
  /** Pods whose connections are never redirected to Envoy. */
  readonly kernelPathPods: ElementSet;
  /** Every cluster IP, whatever its ports. */
  readonly clusterIps: ElementSet;
  /** The ranges that cluster IPs are taken from. */
  readonly serviceCidrs: ElementSet;
  /** Service addresses that Envoy takes, to the chain of the listener. */
  readonly capture: ElementSet;
  /** The gates of Envoy's listeners: open while it holds `tcp`. */
  readonly openTcp: ElementSet;
  readonly openHttp: ElementSet;
  /** What Envoy takes even while its gate is closed. */
  readonly known: ElementSet;
  /** Frontend to the chain for its kind and traffic policy. */
  readonly services: ElementSet;
  /** Frontend to the number of its endpoint set: of policy Cluster, or of short-circuited connections. */
  readonly clusterSets: ElementSet;
  /** The same of policy Local. */
  readonly localSets: ElementSet;
  /** Number of an endpoint set to the chain for its number of endpoints. */
  readonly counts: ElementSet;
  /** Random number to the chain of the slot. */
  readonly slots: ElementSet;
  /** Endpoints that a client may stay with, by number: to their address and port. */
  readonly pinned: ElementSet;
  /** Numbers of those that new connections may use, by policy. */
  readonly liveCluster: ElementSet;
  readonly liveLocal: ElementSet;
  /** Frontends that only some sources may use. */
  readonly firewalled: ElementSet;
  /** Those sources. */
  readonly allowed: ElementSet;
  /** Frontends that are refused or dropped. */
  readonly unserved: ElementSet;
  /** Endpoint address twice: a pod that reaches itself through a Service. */
  readonly hairpin: ElementSet;
}

function addressType(family: PacketFamily): string {
  return family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
}

function frontendType(family: PacketFamily): string {
  return `${addressType(family)} . inet_proto . inet_service`;
}

function endpointType(family: PacketFamily): string {
  return `${addressType(family)} . inet_service`;
}

export function nodeSets(family: PacketFamily): NodeSets {
  const address = addressType(family);
  const frontend = frontendType(family);
  return {
    pods: { name: 'pods', key: address, flags: ['interval'] },
    kernelPathPods: { name: 'kernel-path-pods', key: address },
    clusterIps: { name: 'cluster-ips', key: address },
    serviceCidrs: { name: 'service-cidrs', key: address, flags: ['interval'] },
    capture: { name: 'capture', key: `${address} . inet_service`, value: 'verdict' },
    openTcp: { name: 'open-tcp', key: 'inet_proto' },
    openHttp: { name: 'open-http', key: 'inet_proto' },
    known: { name: 'known', key: `${address} . inet_service` },
    services: { name: 'services', key: frontend, value: 'verdict' },
    clusterSets: { name: 'cluster-sets', key: frontend, value: 'classid' },
    localSets: { name: 'local-sets', key: frontend, value: 'classid' },
    counts: { name: 'endpoint-counts', key: 'classid', value: 'verdict' },
    slots: { name: 'slots', key: 'numgen random mod 65536', isTypeof: true, value: 'verdict' },
    pinned: { name: 'pinned', key: 'classid . inet_proto', value: endpointType(family) },
    liveCluster: { name: 'live-cluster', key: 'classid' },
    liveLocal: { name: 'live-local', key: 'classid' },
    firewalled: { name: 'firewalled', key: frontend },
    allowed: { name: 'allowed', key: `${frontend} . ${address}`, flags: ['interval'] },
    unserved: { name: 'unserved', key: frontend, value: 'verdict' },
    hairpin: { name: 'hairpin', key: `${address} . ${address}` },
  };
}

/** The endpoint in a slot, by the number of its set. The protocol is in the key because nft demands one for a port. */
export function endpointsMap(family: PacketFamily, slot: number): ElementSet {
  return { name: `endpoints-${slot}`, key: 'classid . inet_proto', value: endpointType(family) };
}

/** The number of the endpoint in a slot, of sets whose clients stay with an endpoint. */
export function pinsMap(slot: number): ElementSet {
  return { name: `pins-${slot}`, key: 'classid', value: 'classid' };
}

/** The sets of the table that is never replaced. */
export interface AffinitySets {
  /** Frontend to the number of its Service port. */
  readonly ports: ElementSet;
  /** Number of a Service port to the chain for its time-out. */
  readonly timeouts: ElementSet;
  /** Client and Service port to the endpoint that it stays with; the kernel writes it. */
  readonly clients: ElementSet;
}

/** Clients that are remembered at most; each takes about 150 bytes. */
const mostClients = 262_144;

export function affinitySets(family: PacketFamily): AffinitySets {
  const clients = { name: 'clients', flags: ['dynamic', 'timeout'], size: mostClients };
  return {
    ports: { name: 'affinity-ports', key: frontendType(family), value: 'classid' },
    timeouts: { name: 'affinity-timeouts', key: 'classid', value: 'verdict' },
    clients:
      family === 'ip'
        ? { ...clients, key: 'ipv4_addr . classid', value: 'classid' }
        : { ...clients, key: '@nh,96,96 . meta priority', value: 'meta priority', isTypeof: true },
  };
}
