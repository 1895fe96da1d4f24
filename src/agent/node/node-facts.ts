import { familyOf } from '../../model/address.ts';
import type { IpFamily } from '../../model/service.ts';
import { cidrMatcher } from '../kernel/cidr-matcher.ts';
import type { NodeView } from '../xds/node-view.ts';
import type { LocalAddresses } from './local-addresses.ts';

/** As configured. */
export interface NodeFactsOptions {
  /** CIDRs, `primary`, `all`. */
  readonly nodePortAddresses: readonly string[];
  /** The node's own address, where it is not the one of the Node object. */
  readonly primaryAddresses: Readonly<Partial<Record<IpFamily, string>>>;
}

/** What is known of the node now. */
export interface NodeKnowledge {
  readonly local: LocalAddresses;
  /** Undefined until the controller told, or there is no Node object. */
  readonly view: NodeView | undefined;
}

/** Addresses at which the node is reached under NodePorts. */
export interface NodePortAddresses {
  readonly addresses: LocalAddresses;
  /** Every address of every family: one socket can listen on all. */
  readonly isAll: boolean;
}

const families = ['IPv4', 'IPv6'] as const;

/** The first internal address, else the first external one, as Kubernetes chooses among a Node's addresses. */
export function primaryAddress(
  family: IpFamily,
  { primaryAddresses }: Pick<NodeFactsOptions, 'primaryAddresses'>,
  view: NodeView | undefined,
): string | undefined {
  const ofFamily = (view?.addresses ?? []).filter((address) => address.family === family);
  const chosen = ofFamily.find(({ kind }) => kind === 'Internal') ?? ofFamily[0];
  return primaryAddresses[family] ?? chosen?.address;
}

/** By kube-proxy's rules: a family of which neither CIDR nor word speaks has all of its addresses. */
export function nodePortAddressesOf(options: NodeFactsOptions, { local, view }: NodeKnowledge): NodePortAddresses {
  const rules = families.map((family) => ruleOf(family, options, view));
  const [ipv4, ipv6] = families.map((family, index) => local[family].filter(rules[index] ?? all));
  return { addresses: { IPv4: ipv4 ?? [], IPv6: ipv6 ?? [] }, isAll: rules.every((rule) => rule === all) };
}

const all = (): boolean => true;

function ruleOf(family: IpFamily, options: NodeFactsOptions, view: NodeView | undefined): (address: string) => boolean {
  const words = options.nodePortAddresses;
  const cidrs = words.filter((word) => word.includes('/') && familyOf(word) === family);
  const hasPrimary = words.includes('primary');
  if (words.includes('all') || cidrs.some((cidr) => cidr.endsWith('/0'))) return all;
  if (cidrs.length === 0 && !hasPrimary) return all;
  const primary = hasPrimary ? primaryAddress(family, options, view) : undefined;
  const matches = cidrs.length === 0 ? () => false : cidrMatcher(cidrs);
  return (address) => address === primary || matches(address);
}
