import { familyOf } from '../../model/address.ts';
import type { IpFamily } from '../../model/service.ts';
import type { PodDetector, PodInterfaces } from '../kernel/pod-detector.ts';

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
      return { cidrs: ofFamily(nodeCidrs), isByAddress: true };
    case 'Interface':
      return { cidrs: ofFamily(options.cidrs), interfaces: interfaceOf(options.interface) };
  }
}

/** Whether pods of a family may be on the node: forwarding is turned on for it. */
export function mayHavePods(options: DetectorOptions, family: IpFamily): boolean {
  if (options.kind === 'NodeCidrs') return true;
  return options.cidrs.length === 0 || options.cidrs.some((cidr) => familyOf(cidr) === family);
}

function interfaceOf(pods: PodInterface): PodInterfaces {
  return { kind: pods.kind, text: pods.kind === 'Name' ? pods.name : pods.prefix };
}
