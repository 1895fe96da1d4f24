import type { Endpoint, EndpointSlice } from '../../src/model/endpoint.ts';
import type { ModelUpdate } from '../../src/model/model.ts';
import type { Node } from '../../src/model/node.ts';
import type { Service, ServicePort } from '../../src/model/service.ts';

/** One TCP port, 80, that does not say what it speaks. */
export function aPort(rest: Partial<ServicePort> = {}): ServicePort {
  return { name: '', protocol: 'TCP', port: 80, appProtocol: 'tcp', ...rest };
}

/** `shop/web` at 10.96.0.1 with one TCP port. */
export function aService(rest: Partial<Service> = {}): Service {
  return {
    namespace: 'shop',
    name: 'web',
    createdAt: '',
    clusterIPs: ['10.96.0.1'],
    ports: [aPort()],
    internalTrafficPolicy: 'Cluster',
    sessionAffinity: { kind: 'None' },
    policy: {},
    ...rest,
  };
}

/** A ready endpoint. */
export function anEndpoint(address: string, rest: Partial<Endpoint> = {}): Endpoint {
  return { address, ready: true, serving: true, terminating: false, hintZones: [], hintNodes: [], ...rest };
}

/** A slice of `shop/web` without endpoints, for one TCP port, 8080. */
export function aSlice(rest: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    namespace: 'shop',
    name: `${rest.serviceName ?? 'web'}-1`,
    serviceName: 'web',
    family: 'IPv4',
    ports: [{ name: '', protocol: 'TCP', port: 8080 }],
    endpoints: [],
    ...rest,
  };
}

/** `node-1` in no zone. */
export function aNode(rest: Partial<Node> = {}): Node {
  return { name: 'node-1', zone: '', addresses: [], podCidrs: [], isLeaving: false, ...rest };
}

/** The object as an update of the model. */
export function serviceUpdate(value: Service): ModelUpdate {
  return { kind: 'Service', key: `${value.namespace}/${value.name}`, value };
}

export function sliceUpdate(value: EndpointSlice): ModelUpdate {
  return { kind: 'EndpointSlice', key: `${value.namespace}/${value.name}`, value };
}
