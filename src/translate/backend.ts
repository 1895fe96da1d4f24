import type { IpFamily, Service, ServicePort } from '../model/service.ts';

/**
 * What a cluster of Envoy stands for: the endpoints of a Service port in one address family, under the policy that is
 * effective for the port. One per family, because an IPv4 client's address (`original_src`) cannot connect to an IPv6
 * endpoint.
 */
export interface Backend {
  readonly service: Service;
  readonly port: ServicePort;
  readonly family: IpFamily;
  /** Of its cluster and of its endpoints: that of its first frontend, by which the `tcp` listener asks for a cluster. */
  readonly name: string;
}
