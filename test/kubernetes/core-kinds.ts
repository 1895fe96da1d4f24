import { type KubernetesKind, kubernetesKinds } from '../../src/kubernetes/kinds.ts';

/** Those without which there is no Service: all that tests of reading itself need. */
export const coreKinds: readonly KubernetesKind[] = kubernetesKinds.filter(({ resource }) => {
  return ['services', 'endpointslices', 'nodes'].includes(resource);
});
