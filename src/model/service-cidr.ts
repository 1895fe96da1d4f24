/** Ranges from which the cluster gives Services their cluster IPs (networking.k8s.io/v1 ServiceCIDR). */
export interface ServiceCidr {
  readonly name: string;
  /** Canonical text, at most one of each family. */
  readonly cidrs: readonly string[];
}
