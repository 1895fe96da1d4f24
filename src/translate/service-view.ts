import ipaddr from 'ipaddr.js';
import { keyOf } from '../model/address.ts';
import type { EndpointSlice } from '../model/endpoint.ts';
import type { Service } from '../model/service.ts';
import type { PortView } from '../protos/generated/types/fairlead/node/v1/PortView.ts';
import type { ServiceView } from '../protos/generated/types/fairlead/node/v1/ServiceView.ts';
import type { ClientView, ResourceEntry, Scope } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import type { DataPath } from './data-path.ts';
import { candidatesOf, narrower, selectEndpoints, selectionScope, type Verdict } from './endpoint-selection.ts';
import type { Frontend } from './frontends.ts';

const dataPaths = { Kernel: 'KERNEL', EnvoyTcp: 'ENVOY_TCP', EnvoyHttp: 'ENVOY_HTTP' } as const satisfies Record<
  DataPath,
  PortView['dataPath']
>;

const verdicts = { Forward: 'FORWARD', Reject: 'REJECT', Drop: 'DROP' } as const satisfies Record<
  Verdict,
  PortView['verdict']
>;

/** What the agents need of a Service, whichever paths its ports take. */
export function serviceViewEntry(
  service: Service,
  frontends: readonly Frontend[],
  slices: readonly EndpointSlice[],
): ResourceEntry {
  const scope = frontends.reduce<Scope>((narrowest, { port, family }) => {
    return narrower(narrowest, selectionScope(slices, service.internalTrafficPolicy, port, family));
  }, 'fleet');
  const build = (client: ClientView): ServiceView => ({
    namespace: service.namespace,
    name: service.name,
    ports: frontends.map((frontend) => portViewOf(frontend, slices, client)),
  });
  return { typeUrl: typeUrls.serviceView, name: keyOf(service), wildcard: true, scope, build };
}

function portViewOf(frontend: Frontend, slices: readonly EndpointSlice[], client: ClientView): PortView {
  const { service, port, family } = frontend;
  const candidates = candidatesOf(slices, port, family);
  const { verdict, endpoints } = selectEndpoints(candidates, service.internalTrafficPolicy, client);
  return {
    address: bytesOf(frontend.address),
    port: port.port,
    protocol: port.protocol,
    dataPath: dataPaths[frontend.path],
    verdict: verdicts[verdict],
    endpoints: endpoints.map(({ endpoint, port: number }) => ({ address: bytesOf(endpoint.address), port: number })),
  };
}

function bytesOf(address: string): Uint8Array {
  return Uint8Array.from(ipaddr.parse(address).toByteArray());
}
