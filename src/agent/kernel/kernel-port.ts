import type { IpFamily, Protocol } from '../../model/service.ts';
import type { DataPath, EndpointAddress, ServiceView, Verdict } from '../xds/service-view.ts';

/** An address and port of a Service that the kernel carries. */
export interface KernelPort {
  readonly family: IpFamily;
  /** Canonical text. */
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly dataPath: DataPath;
  readonly verdict: Verdict;
  /** Empty unless the verdict is Forward. */
  readonly endpoints: readonly EndpointAddress[];
}

/** What the tables can hold of a Service: its cluster IPs. */
export function kernelPortsOf({ frontends }: Pick<ServiceView, 'frontends'>): readonly KernelPort[] {
  return frontends
    .filter(({ kind }) => kind === 'ClusterIP')
    .map(({ family, address, port, protocol, dataPath, endpointSet: { verdict, endpoints } }) => {
      return { family, address, port, protocol, dataPath, verdict, endpoints };
    });
}
