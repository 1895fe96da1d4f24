/** A Kubernetes node. */
export interface Node {
  readonly name: string;
  /** Label topology.kubernetes.io/zone; empty when it has none. */
  readonly zone: string;
}
