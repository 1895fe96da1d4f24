import type { Node } from '../model/node.ts';
import type { ClientView } from '../resources/resource-entry.ts';
import type { NodeIdentity } from '../xds/streams/node-identity.ts';

/**
 * How a client sees the resources. What the cluster says about a node counts, not what the client says. Clients that are not on a
 * node of the cluster (proxyless gRPC from elsewhere) name their zone; one that no node is in is ignored, or clients
 * could cause encodings for as many zones as they invent. Without any Node object the zone is the client's.
 */
export function clientViewOf(nodes: ReadonlyMap<string, Node>, client: NodeIdentity): ClientView {
  const nodeName = client.nodeName === '' ? client.id : client.nodeName;
  return { nodeName, zone: nodes.get(nodeName)?.zone ?? namedZone(nodes, client.zone) };
}

function namedZone(nodes: ReadonlyMap<string, Node>, zone: string): string {
  if (nodes.size === 0) return zone;
  for (const node of nodes.values()) if (node.zone === zone) return zone;
  return '';
}
