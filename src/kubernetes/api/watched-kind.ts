import type { ModelUpdate } from '../../model/model.ts';

/** One kind of object that is listed and watched. */
export interface WatchedKind {
  readonly kind: ModelUpdate['kind'];
  readonly apiVersion: string;
  /** Plural name, as in RBAC rules. */
  readonly resource: string;
  /** Path of the collection over all namespaces. */
  readonly path: string;
  /** Query parameters that narrow list and watch alike. */
  readonly selectors: Readonly<Record<string, string>>;
}

/**
 * Leaves out what another proxy serves and what is headless, as kube-proxy does (cmd/kube-proxy/app/server.go; label
 * service.kubernetes.io/service-proxy-name: KEP-2447). The EndpointSlice controller copies both labels to the slices.
 */
const labelSelector = '!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless';

export const watchedKinds: readonly WatchedKind[] = [
  {
    kind: 'Service',
    apiVersion: 'v1',
    resource: 'services',
    path: '/api/v1/services',
    selectors: { labelSelector, fieldSelector: 'spec.clusterIP!=None' },
  },
  {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    resource: 'endpointslices',
    path: '/apis/discovery.k8s.io/v1/endpointslices',
    selectors: { labelSelector },
  },
  { kind: 'Node', apiVersion: 'v1', resource: 'nodes', path: '/api/v1/nodes', selectors: {} },
];
