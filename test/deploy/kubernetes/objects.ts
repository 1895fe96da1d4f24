import type { KubernetesObject, V1ClusterRole, V1Pod, V1PodTemplateSpec } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { run } from '../../testbed/run.ts';
import { kubectl } from '../setup.ts';

/** What Kustomize makes of a folder. */
export async function kustomize(folder: string): Promise<readonly KubernetesObject[]> {
  const text = await run([kubectl, 'kustomize', folder]);
  return parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);
}

/** The template of the Deployment or DaemonSet of that name. */
export function templateOf(objects: readonly KubernetesObject[], name: string): V1PodTemplateSpec {
  const found = objects.find(
    ({ kind, metadata }) => metadata?.name === name && (kind === 'Deployment' || kind === 'DaemonSet'),
  );
  if (found === undefined) throw new Error(`There is no Deployment or DaemonSet ${name}`);
  return (found as { readonly spec: { readonly template: V1PodTemplateSpec } }).spec.template;
}

/** The Pod that a controller would make of a template for a node. */
export function podOf(name: string, namespace: string, nodeName: string, template: V1PodTemplateSpec): V1Pod {
  const { metadata = {}, spec } = template;
  if (spec === undefined) throw new Error(`The template of ${name} has no spec`);
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name, namespace }, spec: { ...spec, nodeName } };
}

/** What a role allows, as `verb resource.group`, sorted; the core group is empty. */
export function grantsOf(objects: readonly KubernetesObject[], role: string): readonly string[] {
  const found = objects.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata?.name === role) as
    | V1ClusterRole
    | undefined;
  const grants = (found?.rules ?? []).flatMap(({ verbs, resources = [], apiGroups = [] }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}.${group}`))),
  );
  return grants.sort();
}
