/** A Kubernetes node. */
export interface Node {
  readonly name: string;
  /** Label topology.kubernetes.io/zone; empty when it has none. */
  readonly zone: string;
  /** In the order of status.addresses; host names are left out. */
  readonly addresses: readonly NodeAddress[];
  /** spec.podCIDRs in canonical text; empty where the CNI assigns them by itself. */
  readonly podCidrs: readonly string[];
  /** It is being deleted, or the autoscaler is about to: load balancers are to stop sending to it (KEP-3836). */
  readonly isLeaving: boolean;
}

export interface NodeAddress {
  readonly kind: 'Internal' | 'External';
  /** Canonical text. */
  readonly address: string;
}
