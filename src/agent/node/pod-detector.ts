import { familyOf } from '../../model/address.ts';
import type { IpFamily } from '../../model/service.ts';
import type { PodDetector } from '../kernel/node-table.ts';

/** How packets of this node's pods are recognised, as configured. */
export type DetectorOptions =
  /** By their source address. */
  | { readonly kind: 'Cidrs'; readonly cidrs: readonly string[] }
  /** By their source address, in the pod CIDRs of the node, which the controller tells. */
  | { readonly kind: 'NodeCidrs' }
  /** By the interface through which they enter the node; with `cidrs`, by their source address too. */
  | { readonly kind: 'Interface'; readonly interface: PodInterface; readonly cidrs: readonly string[] };

export type PodInterface =
  | { readonly kind: 'Name'; readonly name: string }
  | { readonly kind: 'Prefix'; readonly prefix: string };

/**
 * For the table of a family.
 * @param nodeCidrs spec.podCIDRs of the node; empty while they are not known
 */
export function podDetectorOf(options: DetectorOptions, family: IpFamily, nodeCidrs: readonly string[]): PodDetector {
  const ofFamily = (cidrs: readonly string[]) => cidrs.filter((cidr) => familyOf(cidr) === family);
  switch (options.kind) {
    case 'Cidrs':
      return { cidrs: ofFamily(options.cidrs) };
    case 'NodeCidrs':
      return { cidrs: ofFamily(nodeCidrs) };
    case 'Interface':
      return { cidrs: ofFamily(options.cidrs), ...interfaceOf(options.interface) };
  }
}

/** Whether pods of a family may be on the node: forwarding is turned on for it. */
export function mayHavePods(options: DetectorOptions, family: IpFamily): boolean {
  if (options.kind === 'NodeCidrs') return true;
  return options.cidrs.length === 0 || options.cidrs.some((cidr) => familyOf(cidr) === family);
}

function interfaceOf(pods: PodInterface): Pick<PodDetector, 'interfaceName' | 'interfacePrefix'> {
  return pods.kind === 'Name' ? { interfaceName: pods.name } : { interfacePrefix: pods.prefix };
}
