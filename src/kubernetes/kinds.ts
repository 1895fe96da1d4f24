import type { KindName } from '../model/model.ts';
import type { Conversion } from './conversion.ts';
import { convertEndpointSlice } from './convert-endpoint-slice.ts';
import { convertNamespace } from './convert-namespace.ts';
import { convertNode } from './convert-node.ts';
import { convertService } from './convert-service.ts';
import { convertServiceCidr } from './convert-service-cidr.ts';
import type { FieldReader } from './field-reader.ts';
import type { ProblemList } from './problem-list.ts';
import { headlessLabel, serviceProxyNameLabel } from './selection.ts';

/** All that is known of one kind of Kubernetes object: how it is named, listed, identified and converted. */
export interface KubernetesKind {
  readonly kind: KindName;
  readonly apiVersion: string;
  /** Plural name, as in paths and RBAC rules. */
  readonly resource: string;
  readonly scope: 'Namespaced' | 'Cluster';
  /**
   * Optional: a cluster may lack the kind (its CustomResourceDefinition is not installed), or may not let it be read. It
   * is not waited for then, and is read as soon as possible.
   */
  readonly presence: 'Required' | 'Optional';
  /** Query parameters that narrow list and watch alike. */
  readonly selectors: Readonly<Record<string, string>>;
  /** The server is asked for metadata and nothing else. */
  readonly metadataOnly?: true;
  readonly convert: (object: FieldReader, problems: ProblemList) => Conversion;
}

/**
 * Kinds of the model; a new one needs a row here and a type in ObjectKinds. Services that belong to another proxy and slices of
 * headless Services are left out, as in kube-proxy 1.36 (cmd/kube-proxy/app/server.go; KEP-2447). Headless Services
 * themselves are read, unlike there, so that what their annotations ask for is answered.
 */
const table: { readonly [K in KindName]: Omit<KubernetesKind, 'kind'> } = {
  Service: {
    apiVersion: 'v1',
    resource: 'services',
    scope: 'Namespaced',
    presence: 'Required',
    selectors: { labelSelector: `!${serviceProxyNameLabel}` },
    convert: convertService,
  },
  EndpointSlice: {
    apiVersion: 'discovery.k8s.io/v1',
    resource: 'endpointslices',
    scope: 'Namespaced',
    presence: 'Required',
    selectors: { labelSelector: `!${headlessLabel}` },
    convert: convertEndpointSlice,
  },
  Node: {
    apiVersion: 'v1',
    resource: 'nodes',
    scope: 'Cluster',
    presence: 'Required',
    selectors: {},
    convert: convertNode,
  },
  // Settings of a namespace are wishes: a controller that may not read them works all the same.
  Namespace: {
    apiVersion: 'v1',
    resource: 'namespaces',
    scope: 'Cluster',
    presence: 'Optional',
    selectors: {},
    metadataOnly: true,
    convert: convertNamespace,
  },
  // Of Kubernetes 1.33 and later.
  ServiceCIDR: {
    apiVersion: 'networking.k8s.io/v1',
    resource: 'servicecidrs',
    scope: 'Cluster',
    presence: 'Optional',
    selectors: {},
    convert: convertServiceCidr,
  },
};

export const kubernetesKinds: readonly KubernetesKind[] = Object.entries(table).map(([kind, details]) => ({
  kind: kind as KindName,
  ...details,
}));

const byName: ReadonlyMap<string, KubernetesKind> = new Map(kubernetesKinds.map((kind) => [kind.kind, kind]));

export function kindNamed(name: string): KubernetesKind | undefined {
  return byName.get(name);
}

/** Path of the collection over all namespaces. */
export function pathOf({ apiVersion, resource }: KubernetesKind): string {
  return `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}/${resource}`;
}

/** The header of a request that wants metadata only; servers that cannot do it send whole objects. */
export function acceptOf(
  { metadataOnly }: KubernetesKind,
  form: 'PartialObjectMetadata' | 'PartialObjectMetadataList',
): { readonly accept?: string } {
  return metadataOnly === true ? { accept: `application/json;as=${form};g=meta.k8s.io;v=v1,application/json` } : {};
}
