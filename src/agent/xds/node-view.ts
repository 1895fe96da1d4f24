import type { IpFamily } from '../../model/service.ts';

/** The agent's node as the cluster knows it: the checked form of fairlead.node.v1.NodeView. */
export interface NodeView {
  /** Empty: unknown. */
  readonly zone: string;
  /** In the order of the Node's status; canonical text. */
  readonly addresses: readonly {
    readonly kind: 'Internal' | 'External';
    readonly family: IpFamily;
    readonly address: string;
  }[];
  readonly podCidrs: readonly string[];
  /** Load balancers are to stop sending to it. */
  readonly isLeaving: boolean;
  /** Ranges of cluster IPs. */
  readonly serviceCidrs: readonly string[];
  /** Addresses of pods whose connections are not redirected to Envoy. */
  readonly kernelPathPods: readonly string[];
}
