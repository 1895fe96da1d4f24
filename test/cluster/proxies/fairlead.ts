import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseDocument } from 'yaml';
import { images } from '../images/names.ts';
import { apply, kubectl, rolledOut } from '../kubectl.ts';
import { inUrl, type Layout, primary, repository } from '../layout.ts';
import { apiHost } from '../network.ts';

const namespace = 'fairlead-system';

/** Marks the nodes that run a controller: two, so that one may fail. */
const controllerLabel = 'fairlead.dev/controller';

/** Installs Fairlead as a user does: an overlay on deploy/kubernetes/base, applied with kubectl. */
export async function installFairlead(layout: Layout): Promise<void> {
  const nodes = controllerNodes(layout).map(({ name }) => name);
  await kubectl(layout, ['label', 'node', '--overwrite', ...nodes, `${controllerLabel}=`]);
  const overlay = writeOverlay(layout);
  await apply(layout, await kubectl(layout, ['kustomize', overlay]));
}

/** Returns when controllers, agents and Envoys are ready. */
export async function fairleadReady(layout: Layout): Promise<void> {
  await rolledOut(layout, namespace, ['deployment/fairlead-controller', 'daemonset/fairlead-node'], 240);
}

function controllerNodes(layout: Layout) {
  return layout.nodes.slice(0, 2);
}

function writeOverlay(layout: Layout): string {
  const overlay = join(layout.folder, 'fairlead');
  mkdirSync(overlay, { recursive: true });
  const base = relative(overlay, join(repository, 'deploy/kubernetes/base'));
  writeFileSync(join(overlay, 'controller.yaml'), controllerConfiguration(layout));
  writeFileSync(join(overlay, 'kustomization.yaml'), JSON.stringify(kustomization(layout, base), undefined, 2));
  return overlay;
}

/** That of the base, with the cluster's families. */
function controllerConfiguration({ options }: Layout): string {
  const base = readFileSync(join(repository, 'deploy/kubernetes/base/controller-configuration.yaml'), 'utf8');
  const configuration = parseDocument(base);
  configuration.set('ipFamilies', options.families);
  return String(configuration);
}

function kustomization(layout: Layout, base: string): object {
  const controllers = controllerNodes(layout).map(({ addresses }) => `${inUrl(primary(addresses))}:18000`);
  const literals = [
    `KUBERNETES_SERVICE_HOST=${apiHost(layout)}`,
    `KUBERNETES_SERVICE_PORT=${layout.ports.api}`,
    `FAIRLEAD_CONTROLLERS=${controllers.join()}`,
    `FAIRLEAD_POD_INTERFACE=${layout.options.cni === 'bridge' ? 'cni0' : 'veth'}`,
  ];
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace,
    resources: [base],
    configMapGenerator: [
      { name: 'fairlead-cluster', behavior: 'merge', literals },
      { name: 'fairlead-controller', behavior: 'merge', files: ['controller.yaml'] },
    ],
    images: [
      image('fairlead/controller', images.controller),
      image('fairlead/agent', images.agent),
      image('envoyproxy/envoy', images.envoy),
    ],
    patches: [{ patch: JSON.stringify(controllerPlacement()) }],
  };
}

function image(name: string, reference: string): object {
  const [newName, newTag] = reference.split(':');
  return { name, newName, newTag };
}

/** No node here is of the control plane: it would get no endpoints of topology-aware Services. */
function controllerPlacement(): object {
  const nodeSelector = { 'node-role.kubernetes.io/control-plane': null, [controllerLabel]: '' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'fairlead-controller' },
    spec: { template: { spec: { nodeSelector } } },
  };
}
