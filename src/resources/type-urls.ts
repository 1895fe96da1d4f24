const prefix = 'type.googleapis.com/';

/** Type URLs of the resources that are served. */
export const typeUrls = {
  listener: `${prefix}envoy.config.listener.v3.Listener`,
  scopedRoute: `${prefix}envoy.config.route.v3.ScopedRouteConfiguration`,
  route: `${prefix}envoy.config.route.v3.RouteConfiguration`,
  cluster: `${prefix}envoy.config.cluster.v3.Cluster`,
  endpoint: `${prefix}envoy.config.endpoint.v3.ClusterLoadAssignment`,
  serviceView: `${prefix}fairlead.node.v1.ServiceView`,
  nodeView: `${prefix}fairlead.node.v1.NodeView`,
} as const;
