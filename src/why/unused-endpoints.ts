import type { EndpointSet } from '../agent/xds/service-view.ts';
import type { Endpoint, EndpointSlice } from '../model/endpoint.ts';
import type { Model } from '../model/model.ts';
import type { IpFamily, ServicePort, TrafficPolicy } from '../model/service.ts';
import type { ClientView } from '../resources/resource-entry.ts';
import type { UnusedEndpoint } from './answer.ts';

export interface Use {
  readonly service: string;
  readonly port: ServicePort;
  readonly family: IpFamily;
  readonly policy: TrafficPolicy;
  readonly client: ClientView;
  readonly set: EndpointSet;
}

type Reason = Pick<UnusedEndpoint, 'reason' | 'text'>;

/** Endpoints of the Service that a new connection cannot get, each once, with the first reason that holds. */
export function unusedEndpoints(model: Model, use: Use): readonly UnusedEndpoint[] {
  const slices = model.slicesOf(use.service).filter(({ family }) => family === use.family);
  const used = new Set(use.set.endpoints.map(({ address }) => address));
  const hasReady = slices.some(
    (slice) => hasPort(slice, use.port) && slice.endpoints.some((one) => isChoice(one, use)),
  );
  const unused = slices.flatMap((slice) => {
    const others = slice.endpoints.filter(({ address }) => !used.has(address));
    return others.map((endpoint) => ({ address: endpoint.address, ...reasonOf(slice, endpoint, use, hasReady) }));
  });
  return [...new Map(unused.map((one) => [one.address, one])).values()];
}

function hasPort({ ports }: EndpointSlice, { name, protocol }: ServicePort): boolean {
  return ports.some((port) => port.name === name && port.protocol === protocol);
}

/** Ready, and within what the traffic policy allows. */
function isChoice({ ready, nodeName }: Endpoint, { policy, client }: Use): boolean {
  return ready && (policy === 'Cluster' || nodeName === client.nodeName);
}

function reasonOf(slice: EndpointSlice, endpoint: Endpoint, use: Use, hasReady: boolean): Reason {
  const { port, policy, client } = use;
  if (!hasPort(slice, port)) return portMissing(slice, port);
  if (policy === 'Local' && endpoint.nodeName !== client.nodeName) {
    const where = endpoint.nodeName === undefined ? 'on no known node' : `on node ${endpoint.nodeName}`;
    return {
      reason: 'OtherNode',
      text: `is ${where}; the traffic policy is Local, which allows only ${client.nodeName}`,
    };
  }
  if (!endpoint.ready) return notReady(endpoint, hasReady);
  return byHints(endpoint, client);
}

function portMissing({ name }: EndpointSlice, port: ServicePort): Reason {
  const label = port.name === '' ? `without a name for ${port.protocol}` : `"${port.name}" for ${port.protocol}`;
  return { reason: 'PortNotInSlice', text: `its EndpointSlice ${name} has no port ${label}` };
}

function notReady({ serving, terminating }: Endpoint, hasReady: boolean): Reason {
  if (!terminating) return { reason: 'NotReady', text: 'is not ready' };
  if (!serving) return { reason: 'NotServing', text: 'is terminating and serves no more' };
  const text = hasReady ? 'is terminating, and others are ready' : 'is terminating';
  return { reason: 'TerminatingWhileOthersAreReady', text };
}

function byHints({ hintNodes, hintZones }: Endpoint, { nodeName, zone }: ClientView): Reason {
  if (hintNodes.length > 0 && !hintNodes.includes(nodeName)) {
    return { reason: 'OtherNodeByHints', text: `is meant for clients on ${hintNodes.join(', ')} (hints)` };
  }
  const own = zone === '' ? 'this node has no zone' : `this node is in ${zone}`;
  return { reason: 'OtherZoneByHints', text: `is meant for clients in ${hintZones.join(', ')} (hints); ${own}` };
}
