import type { KindName } from '../model/model.ts';
import type { Conversion } from './conversion.ts';
import { convertEndpointSlice } from './convert-endpoint-slice.ts';
import { convertNamespace } from './convert-namespace.ts';
import { convertNetworkPolicy } from './convert-network-policy.ts';
import { convertNode } from './convert-node.ts';
import { otherPolicyConverter } from './convert-other-policy.ts';
import { convertPod } from './convert-pod.ts';
import { convertService } from './convert-service.ts';
import { convertServiceCidr } from './convert-service-cidr.ts';
import type { FieldReader } from './field-reader.ts';
import type { ProblemList } from './problem-list.ts';
import { headlessLabel, serviceProxyNameLabel } from './selection.ts';

/** All that is known of one kind of Kubernetes object: how it is named, listed, identified and converted. */
export interface KubernetesKind {
  /** Of the model. */
  readonly kind: KindName;
  /** Kubernetes' name, where it is another. */
  readonly objectKind?: string;
  /** Begins keys in the model, where several kinds are one there. */
  readonly keyPrefix?: string;
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
  /** Read only while there is an object of one of these kinds of the model. */
  readonly readWith?: readonly KindName[];
  readonly convert: (object: FieldReader, problems: ProblemList) => Conversion;
}

/**
 * Kinds of the model; a new one needs a row here and a type in ObjectKinds. Services that belong to another proxy and slices of
 * headless Services are left out, as in kube-proxy 1.36 (cmd/kube-proxy/app/server.go; KEP-2447). Headless Services
 * themselves are read, unlike there, so that what their annotations ask for is answered.
 */
const table: { readonly [K in Exclude<KindName, 'OtherPolicy'>]: Omit<KubernetesKind, 'kind'> } = {
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
  // Without them a flow could pass by a policy that forbids it, so that nothing is served before they are read.
  NetworkPolicy: {
    apiVersion: 'networking.k8s.io/v1',
    resource: 'networkpolicies',
    scope: 'Namespaced',
    presence: 'Required',
    selectors: {},
    convert: convertNetworkPolicy,
  },
  Pod: {
    apiVersion: 'v1',
    resource: 'pods',
    scope: 'Namespaced',
    presence: 'Required',
    selectors: { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' },
    readWith: ['NetworkPolicy', 'OtherPolicy'],
    convert: convertPod,
  },
};

export const kubernetesKinds: readonly KubernetesKind[] = [
  ...Object.entries(table).map(([kind, details]): KubernetesKind => ({ kind: kind as KindName, ...details })),
  otherPolicies('policy.networking.k8s.io/v1alpha1', 'AdminNetworkPolicy', 'adminnetworkpolicies', 'Cluster'),
  otherPolicies(
    'policy.networking.k8s.io/v1alpha1',
    'BaselineAdminNetworkPolicy',
    'baselineadminnetworkpolicies',
    'Cluster',
  ),
  otherPolicies('policy.networking.k8s.io/v1alpha2', 'ClusterNetworkPolicy', 'clusternetworkpolicies', 'Cluster'),
  otherPolicies('crd.projectcalico.org/v1', 'NetworkPolicy', 'networkpolicies', 'Namespaced'),
  otherPolicies('crd.projectcalico.org/v1', 'GlobalNetworkPolicy', 'globalnetworkpolicies', 'Cluster'),
  otherPolicies('cilium.io/v2', 'CiliumNetworkPolicy', 'ciliumnetworkpolicies', 'Namespaced'),
  otherPolicies('cilium.io/v2', 'CiliumClusterwideNetworkPolicy', 'ciliumclusterwidenetworkpolicies', 'Cluster'),
  otherPolicies('crd.antrea.io/v1beta1', 'NetworkPolicy', 'networkpolicies', 'Namespaced'),
  otherPolicies('crd.antrea.io/v1beta1', 'ClusterNetworkPolicy', 'clusternetworkpolicies', 'Cluster'),
];

/** Of a custom resource that selects pods in a way of its own: only where there is one is read. */
function otherPolicies(
  apiVersion: string,
  objectKind: string,
  resource: string,
  scope: KubernetesKind['scope'],
): KubernetesKind {
  const keyPrefix = `${resource}.${groupOf(apiVersion)}/`;
  const convert = otherPolicyConverter(keyPrefix, scope);
  const constant = { kind: 'OtherPolicy', presence: 'Optional', selectors: {}, metadataOnly: true } as const;
  return { ...constant, apiVersion, objectKind, resource, scope, keyPrefix, convert };
}

const byName: ReadonlyMap<string, readonly KubernetesKind[]> = Map.groupBy(kubernetesKinds, (one) => {
  return one.objectKind ?? one.kind;
});

/** Kinds of several groups may have one name. */
export function kindsNamed(name: string): readonly KubernetesKind[] {
  return byName.get(name) ?? [];
}

/** The plural name; of a custom resource with its group, as of its CustomResourceDefinition. */
export function nameOf({ resource, keyPrefix }: KubernetesKind): string {
  return keyPrefix === undefined ? resource : keyPrefix.slice(0, -1);
}

/** Empty for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
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
