import type { Node, NodeAddress } from '../model/node.ts';
import type { NodeAddress as NodeAddressMessage } from '../protos/generated/types/fairlead/node/v1/NodeAddress.ts';
import type { NodeView } from '../protos/generated/types/fairlead/node/v1/NodeView.ts';
import type { ResourceEntry } from '../resources/resource-entry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import { bytesOf, cidrOf } from './address-bytes.ts';

const kinds = { Internal: 'INTERNAL', External: 'EXTERNAL' } as const satisfies Record<
  NodeAddress['kind'],
  NodeAddressMessage['kind']
>;

/** What the agent of a node needs of its Node object; agents ask for it by name. */
export function nodeViewEntry(
  node: Node,
  serviceCidrs: readonly string[],
  kernelPathPods: readonly string[],
): ResourceEntry {
  const build = (): NodeView => ({
    name: node.name,
    zone: node.zone,
    addresses: node.addresses.map(({ kind, address }) => ({ kind: kinds[kind], address: bytesOf(address) })),
    podCidrs: node.podCidrs.map(cidrOf),
    leaving: node.isLeaving,
    serviceCidrs: serviceCidrs.map(cidrOf),
    kernelPathPods: kernelPathPods.map(bytesOf),
  });
  return { typeUrl: typeUrls.nodeView, name: node.name, wildcard: false, scope: 'fleet', build };
}
