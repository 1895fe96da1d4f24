import type { V1Container, V1Pod } from '@kubernetes/client-node';

/** Data of ConfigMaps by name. */
export type ConfigMaps = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * The environment of a container: `envFrom`, then `env`, where `$(NAME)` stands for what came before.
 * @throws on a source that the manifests do not use so far, or that is missing
 */
export function environmentOf(
  pod: V1Pod,
  container: V1Container,
  configMaps: ConfigMaps,
  hostIp: string,
): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom ?? []) {
    const data = configMaps[configMapRef?.name ?? ''];
    if (data === undefined) throw new Error(`${container.name}: there is no ConfigMap ${configMapRef?.name}`);
    Object.assign(environment, data);
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const path = valueFrom?.fieldRef?.fieldPath;
    environment[name] = path === undefined ? expand(value ?? '', environment) : fieldOf(pod, path, hostIp);
  }
  return environment;
}

function fieldOf(pod: V1Pod, path: string, hostIp: string): string {
  const fields: Readonly<Record<string, string | undefined>> = {
    'spec.nodeName': pod.spec?.nodeName,
    'metadata.name': pod.metadata?.name,
    'metadata.namespace': pod.metadata?.namespace,
    'status.hostIP': hostIp,
  };
  const value = fields[path];
  if (value === undefined) throw new Error(`The downward API has no ${path} here`);
  return value;
}

/** `$(NAME)` of a known variable is replaced, of any other it stays, and `$$(NAME)` is an escape, as in Kubernetes. */
export function expand(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([\w.-]+)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return '$';
    return environment[name] ?? match;
  });
}
