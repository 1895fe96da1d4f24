/** The words in which the scenarios are written. `web` is the Service where none is named. */
import type { Protocol } from './host/protocol.ts';
import type { HostName, NodeName } from './lab/plan.ts';
import type {
  Change,
  EndpointSpec,
  Expectation,
  Probe,
  Scenario,
  Seen,
  ServiceSpec,
  Step,
  Target,
} from './scenario.ts';

export const clusterIp = (service = 'web'): Target => ({ kind: 'ClusterIP', service });
export const nodePort = (node: NodeName, service = 'web'): Target => ({ kind: 'NodePort', node, service });
export const loadBalancer = (service = 'web'): Target => ({ kind: 'LoadBalancer', service });
export const externalIp = (service = 'web'): Target => ({ kind: 'ExternalIP', service });

export const refused: Expectation = { kind: 'Refused' };
export const timedOut: Expectation = { kind: 'TimedOut' };
export const notAnswered: Expectation = { kind: 'NotAnswered' };

export function answeredBy(by: readonly string[], seenAs: Seen = 'client'): Expectation {
  return { kind: 'Answered', by, seenAs };
}

export function stickyTo(by: readonly string[], group?: string): Expectation {
  return { kind: 'Sticky', by, ...(group === undefined ? {} : { group }) };
}

/** TCP and UDP; to a cluster IP HTTP too, which a proxy may treat in another way. */
export function connect(from: HostName, to: Target, expect: Expectation): Probe {
  const protocols: readonly Protocol[] = to.kind === 'ClusterIP' ? ['tcp', 'udp', 'http'] : ['tcp', 'udp'];
  return { kind: 'Connect', from, to, protocols, expect };
}

export function connectBy(protocols: readonly Protocol[], from: HostName, to: Target, expect: Expectation): Probe {
  return { kind: 'Connect', from, to, protocols, expect };
}

export function at(host: HostName): EndpointSpec {
  return { host };
}

export const notReady = (host: HostName): EndpointSpec => ({ host, conditions: { ready: false, serving: false } });

/** A pod that is being deleted and still passes its readiness probe. */
export const terminating = (host: HostName): EndpointSpec => ({
  host,
  conditions: { ready: false, serving: true, terminating: true },
});

/** A pod that is being deleted and no longer ready. */
export const terminated = (host: HostName): EndpointSpec => ({
  host,
  conditions: { ready: false, serving: false, terminating: true },
});

export function hosts(...names: readonly HostName[]): readonly EndpointSpec[] {
  return names.map(at);
}

export function setEndpoints(endpoints: readonly EndpointSpec[], service = 'web'): Change {
  return { kind: 'SetEndpoints', service, endpoints };
}

export function patch(body: object, service = 'web'): Change {
  return { kind: 'Patch', service, patch: body };
}

/** One Service and what is seen of it. */
export function seen(name: string, web: ServiceSpec, probes: readonly Probe[]): Scenario {
  return { name, services: { web }, steps: [{ probes }] };
}

/** One Service that changes. */
export function changing(name: string, web: ServiceSpec, steps: readonly Step[]): Scenario {
  return { name, services: { web }, steps };
}
