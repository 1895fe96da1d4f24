import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesObject, V1ConfigMap, V1Container } from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Flags } from '../../src/agent/config/flags.ts';
import { resolveOptions } from '../../src/agent/config/options.ts';
import { parseConfiguration } from '../../src/controller/configuration.ts';
import { groupOf, kubernetesKinds } from '../../src/kubernetes/kinds.ts';
import { grantsOf, kustomize, templateOf } from './kubernetes/objects.ts';
import { expand } from './kubernetes/pod-environment.ts';
import { makeKubectl, root } from './setup.ts';

const folder = join(root, 'deploy/kubernetes');

describe('the Kubernetes manifests', () => {
  let objects: readonly KubernetesObject[];
  let containers: readonly V1Container[];

  beforeAll(async () => {
    await makeKubectl();
    objects = await kustomize(join(folder, 'example'));
    containers = ['fairlead-controller', 'fairlead-node'].flatMap((name) => containersOf(objects, name));
  }, 1_800_000);

  it('name the versions of this tree', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const envoy = /ENVOY_VERSION:-([\d.]+)/.exec(readFileSync(join(root, 'scripts/setup.sh'), 'utf8'))?.[1];
    const base = await kustomize(join(folder, 'base'));
    const cleanup = await kustomize(join(folder, 'cleanup'));
    const images = [
      ...containersOf(base, 'fairlead-controller'),
      ...containersOf(base, 'fairlead-node'),
      ...containersOf(cleanup, 'fairlead-cleanup'),
    ].map(({ image }) => image);
    expect([...new Set(images)].sort()).toEqual([
      `envoyproxy/envoy:v${envoy}`,
      `fairlead/agent:${version}`,
      `fairlead/controller:${version}`,
    ]);
  });

  it('carry a controller configuration that the controller reads', () => {
    const path = join(folder, 'base/controller-configuration.yaml');
    expect(parseConfiguration(readFileSync(path, 'utf8'), path).adminAddress).toBe('127.0.0.1:18001');
  });

  it('grant reading of what the controller reads, writing of Events, and nothing to nodes', () => {
    const resources = kubernetesKinds.map(({ apiVersion, resource }) => [resource, groupOf(apiVersion)].join('.'));
    const read = resources.flatMap((what) => [`list ${what}`, `watch ${what}`]);
    expect(grantsOf(objects, 'fairlead-controller')).toEqual([...read, 'create events.', 'patch events.'].sort());
    const bindings = objects.filter(({ kind }) => kind?.endsWith('RoleBinding') === true || kind === 'Role');
    expect(bindings.map(({ metadata }) => metadata?.name)).toEqual(['fairlead-controller']);
    expect(templateOf(objects, 'fairlead-node').spec?.automountServiceAccountToken).toBe(false);
  });

  it('leave one container privileged, which ends before the others start', () => {
    const privileged = containers.filter(({ securityContext }) => securityContext?.privileged === true);
    expect(privileged.map(({ name, restartPolicy }) => [name, restartPolicy])).toEqual([['sysctls', undefined]]);
    for (const { name, securityContext } of containers.filter((one) => !privileged.includes(one))) {
      expect(securityContext?.allowPrivilegeEscalation, name).toBe(false);
      expect(securityContext?.capabilities?.drop, name).toEqual(['ALL']);
      expect(securityContext?.capabilities?.add ?? [], name).toEqual(name === 'controller' ? [] : ['NET_ADMIN']);
    }
    for (const { name, securityContext } of containers)
      expect(securityContext?.readOnlyRootFilesystem, name).toBe(true);
  });

  it('set what the agent would set if it could', () => {
    const [first, second, ...flags] = containers.find(({ name }) => name === 'sysctls')?.args ?? [];
    const agent = containers.find(({ name }) => name === 'agent')?.args ?? [];
    expect([first, second]).toEqual(['agent', 'init']);
    for (const flag of flags) expect(agent).toContain(flag);
  });

  it('keep the agent from starting, with the name of the flag, while an address is not filled in', async () => {
    const base = await kustomize(join(folder, 'base'));
    const config = base.find(({ metadata }) => metadata?.name?.startsWith('fairlead-cluster-')) as V1ConfigMap;
    const agent = containersOf(base, 'fairlead-node').find(({ name }) => name === 'agent');
    const flag = (name: string) => {
      const text = agent?.args?.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
      return expand(text ?? 'absent', config.data ?? {});
    };
    const filled = { 'node-name': ['n'], controller: ['192.0.2.1:18000'], 'pod-interface': ['cali'] };
    const resolve = (flags: Flags) => resolveOptions({ flags });
    expect(() => resolve(filled)).not.toThrow();
    expect(() => resolve({ ...filled, controller: [flag('controller')] })).toThrow('--controller');
    expect(() => resolve({ ...filled, 'pod-interface': [flag('pod-interface')] })).toThrow('--pod-interface');
  });

  it("have the ports of their own, and kube-proxy's health port", () => {
    const ports = containers.flatMap((container) => (container.ports ?? []).map(({ hostPort }) => hostPort));
    expect(ports).toEqual([18000, 18001, 10256]);
  });

  it('request memory, limit it, and never limit CPU', () => {
    for (const { name, resources } of containers) {
      expect(resources?.requests?.['memory'], name).toBeDefined();
      expect(resources?.limits?.['memory'], name).toBeDefined();
      expect(resources?.limits?.['cpu'], name).toBeUndefined();
    }
  });

  it('keep the heaps of Node and Envoy below the memory limits', () => {
    for (const container of containers.filter(({ env = [] }) => env.some(({ name }) => name === 'NODE_OPTIONS'))) {
      const options = container.env?.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '';
      const heap = Number(/--max-old-space-size=(\d+)/.exec(options)?.[1]);
      expect(heap, container.name).toBe((mebibytesOf(container) * 3) / 4);
    }
    const agent = containers.find(({ name }) => name === 'agent');
    const envoy = containers.find(({ name }) => name === 'envoy');
    const heap = Number(/--envoy-max-heap=(\d+)Mi/.exec(agent?.args?.join(' ') ?? '')?.[1]);
    expect(heap).toBeLessThan(envoy === undefined ? 0 : mebibytesOf(envoy));
  });

  it('set for malloc what the image of the controller sets', () => {
    const { env = [] } = containers.find(({ name }) => name === 'controller') ?? {};
    const settings = env.flatMap(({ name, value }) => (name.startsWith('MALLOC_') ? [`${name}=${value}`] : []));
    const dockerfile = readFileSync(join(root, 'deploy/docker/controller.Dockerfile'), 'utf8');
    expect(settings).toHaveLength(2);
    expect(dockerfile).toContain(`ENV ${settings.join(' ')}\n`);
  });

  it('need neither a ClusterIP nor cluster DNS: host network, host DNS, the API server by address', () => {
    for (const name of ['fairlead-controller', 'fairlead-node']) {
      const spec = templateOf(objects, name).spec;
      expect([spec?.hostNetwork, spec?.dnsPolicy, spec?.enableServiceLinks], name).toEqual([true, 'Default', false]);
    }
    const controller = containers.find(({ name }) => name === 'controller');
    const source = controller?.envFrom?.[0]?.configMapRef?.name;
    const config = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata?.name === source);
    expect(config).toMatchObject({ data: { KUBERNETES_SERVICE_HOST: '192.0.2.10', KUBERNETES_SERVICE_PORT: '6443' } });
    expect(objects.filter(({ kind }) => kind === 'Service')).toEqual([]);
  });
});

function containersOf(objects: readonly KubernetesObject[], name: string): readonly V1Container[] {
  const spec = templateOf(objects, name).spec;
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
}

function mebibytesOf({ name, resources }: V1Container): number {
  const match = /^(\d+)(Mi|Gi)$/.exec(resources?.limits?.['memory'] ?? '');
  if (match === null) throw new Error(`${name} has no memory limit in Mi or Gi`);
  return Number(match[1]) * (match[2] === 'Gi' ? 1024 : 1);
}
