/** What is kept of the `Node` message of a client; the rest is discarded. */
export interface NodeIdentity {
  /** `node.id`; for Envoy and the agent the name of the Kubernetes node. */
  readonly id: string;
  readonly cluster: string;
  /** `node.metadata.NODE_NAME`, by which a gRPC client names its node; empty when it has none. */
  readonly nodeName: string;
  /** `node.locality.zone`. */
  readonly zone: string;
  /** `user_agent_name` and its version, such as `envoy 1.40.0` or `gRPC Node.js 1.14`. */
  readonly userAgent: string;
}
