import ipaddr from 'ipaddr.js';
import { keyOf } from '../model/address.ts';
import type { Service } from '../model/service.ts';
import type { PortView } from '../protos/generated/types/fairlead/node/v1/PortView.ts';
import type { ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import type { DataPath } from './data-path.ts';
import { EndpointsEntry } from './endpoint-selection/endpoints-entry.ts';
import type { EndpointsOfPort, Selection, Verdict } from './endpoint-selection/port-endpoints.ts';
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
  endpointsOf: EndpointsOfPort,
): ResourceEntry {
  const { namespace, name } = service;
  const policy = service.internalTrafficPolicy;
  return new EndpointsEntry({
    typeUrl: typeUrls.serviceView,
    name: keyOf(service),
    wildcard: true,
    selected: frontends.map(({ port, family }) => ({ endpoints: endpointsOf(port, family), policy })),
    basis: [service, ...frontends.map(({ address }) => address)],
    message: (selections) => ({ namespace, name, ports: portViewsOf(frontends, selections) }),
  });
}

/** One selection for each frontend. */
function portViewsOf(frontends: readonly Frontend[], selections: readonly Selection[]): PortView[] {
  return selections.flatMap((selection, index) => {
    const frontend = frontends[index];
    return frontend === undefined ? [] : [portViewOf(frontend, selection)];
  });
}

function portViewOf({ address, port, path }: Frontend, { verdict, endpoints }: Selection): PortView {
  return {
    address: bytesOf(address),
    port: port.port,
    protocol: port.protocol,
    dataPath: dataPaths[path],
    verdict: verdicts[verdict],
    endpoints: endpoints.map(({ endpoint, port: number }) => ({ address: bytesOf(endpoint.address), port: number })),
  };
}

function bytesOf(address: string): Uint8Array {
  return Uint8Array.from(ipaddr.parse(address).toByteArray());
}
