import { keyOf } from '../model/address.ts';
import type { Service, ServicePort } from '../model/service.ts';

interface PortOfService {
  readonly service: Service;
  readonly port: ServicePort;
}

/** `namespace/name/port`, the port by its name, else its number: what statistics and logs call it. */
export function statNameOf({ service, port }: PortOfService): string {
  return `${keyOf(service)}/${port.name === '' ? port.port : port.name}`;
}

/** `namespace/name:port`: what gRPC clients ask for and spans are called. */
export function targetNameOf({ service, port }: PortOfService): string {
  return `${keyOf(service)}:${port.port}`;
}
