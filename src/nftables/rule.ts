// Rules as data: a closed subset of nft's language, as much as the agent's tables use. `ruleText` prints it for nft, and the
// interpreter executes it, so both read the same rules.

/** Family of addresses in packets. */
export type PacketFamily = 'ip' | 'ip6';

export type Side = 'source' | 'destination';

/** What a rule reads of a packet, its connection or the host. */
export type Selector =
  | { readonly kind: 'Address'; readonly family: PacketFamily; readonly side: Side }
  /** The last 96 bits of an IPv6 address. */
  | { readonly kind: 'AddressTail'; readonly side: Side }
  /** Port of TCP, or with `th` of any protocol that has ports. `tcp` and `udp` match only their own packets. */
  | { readonly kind: 'Port'; readonly header: 'tcp' | 'udp' | 'th'; readonly side: Side }
  /** `priority` is the queueing class of a packet (skb->priority), for nft a classid. */
  | { readonly kind: 'Meta'; readonly key: 'mark' | 'priority' | 'l4proto' | 'iifname' | 'oifname' }
  | { readonly kind: 'Ct'; readonly key: 'mark' | 'direction' }
  | { readonly kind: 'CtAddress'; readonly direction: Direction; readonly family: PacketFamily; readonly side: Side }
  | { readonly kind: 'CtPort'; readonly direction: Direction; readonly side: Side }
  /** Type of an address by the host's routes: `local` if it is the host's own. */
  | { readonly kind: 'FibType'; readonly side: Side }
  /** A random number from 0 to `modulus` - 1, new each time. */
  | { readonly kind: 'Random'; readonly modulus: number }
  | { readonly kind: 'Masked'; readonly of: MaskableSelector; readonly mask: number };

export type MaskableSelector = Extract<Selector, { readonly kind: 'Meta' | 'Ct' }>;

export type Direction = 'original' | 'reply';

/** Several selectors are a concatenation. */
export type Key = readonly Selector[];

/** A word of nft (`tcp`, `local`, `reply`), an interface's name (with `*` at its end: a prefix), a number or a range of them. */
export type Value = string | number | NumberRange;

export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

export type Verdict =
  | { readonly kind: 'Accept' }
  | { readonly kind: 'Drop' }
  | { readonly kind: 'Return' }
  | { readonly kind: 'Jump'; readonly chain: string }
  | { readonly kind: 'Goto'; readonly chain: string };

/** Of the connection: `ct state` or `ct status`. */
export type ConnectionFlag =
  | { readonly of: 'state'; readonly flag: 'new' | 'established' | 'related' | 'invalid' | 'untracked' }
  | { readonly of: 'status'; readonly flag: 'dnat' | 'snat' | 'seen-reply' | 'assured' | 'confirmed' };

/** Where a statement takes its value from: the packet, or the value of a map at a key (which ends the rule if there is none). */
export type Source =
  | { readonly kind: 'Selected'; readonly selector: Selector }
  | { readonly kind: 'Mapped'; readonly key: Key; readonly map: string }
  | { readonly kind: 'Constant'; readonly value: number };

/** One step of a rule. A match that fails ends the rule; the chain continues behind it. */
export type Expression =
  // Matches.
  | { readonly kind: 'Compare'; readonly selector: Selector; readonly operator: '==' | '!='; readonly value: Value }
  | ({ readonly kind: 'Flag'; readonly isSet: boolean } & ConnectionFlag)
  | { readonly kind: 'Lookup'; readonly key: Key; readonly set: string; readonly isIn: boolean }
  // Verdicts. Without an element for the key the rule ends.
  | { readonly kind: 'Verdict'; readonly verdict: Verdict }
  | { readonly kind: 'VerdictMap'; readonly key: Key; readonly map: string }
  // Statements that end the chain as accepted, or with an error to the sender.
  | { readonly kind: 'Dnat'; readonly family: PacketFamily; readonly to: Source }
  | { readonly kind: 'Masquerade'; readonly isFullyRandom: boolean; readonly ports?: NumberRange }
  | { readonly kind: 'Reject'; readonly with: 'tcp reset' | 'icmp error' }
  // Statements after which the rule continues.
  /** Hands the packet to the socket that listens at the port; ends the rule if there is none. */
  | { readonly kind: 'Tproxy'; readonly port: number }
  /** Sets the bits of the mask, and leaves the others. */
  | { readonly kind: 'SetMark'; readonly of: 'meta' | 'ct'; readonly mask: number; readonly value: number }
  | { readonly kind: 'SetPriority'; readonly to: Source }
  /** Conntrack zone of one direction; only before conntrack (priority raw). */
  | { readonly kind: 'SetZone'; readonly direction: Direction; readonly zone: number }
  | { readonly kind: 'Notrack' }
  | { readonly kind: 'Counter' }
  /**
   * Changes a dynamic set or map. `update` starts the time of an element that is there anew, but leaves its value; `delete` of
   * what is not there does nothing.
   */
  | {
      readonly kind: 'ChangeElement';
      readonly operation: 'add' | 'update' | 'delete';
      readonly set: string;
      readonly key: Key;
      readonly value?: Selector;
      readonly timeoutSeconds?: number;
    };

export type Rule = readonly Expression[];
