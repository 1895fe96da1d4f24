import type { PacketFamily } from '../rule.ts';
import type { TableContent } from './content.ts';
import type { Connection, Packet, StatusFlag } from './packet.ts';

/** What the interpreter asks of the machine around the tables. */
export interface Host {
  /** Whether an address is the host's own. */
  isLocal(address: string): boolean;
  /** Whether a routing rule sends packets with this mark to local sockets. */
  isRoutedToSockets(mark: number): boolean;
  /** Whether a transparent socket listens at a port. */
  listensAt(port: number, family: PacketFamily): boolean;
  /** A number from 0 to `modulus` - 1. */
  random(modulus: number): number;
  /** Carries out what a rule does to a dynamic set; absent: it is only recorded. */
  changeElement?(change: ElementChange): void;
}

export interface ElementChange {
  readonly operation: 'add' | 'update' | 'delete';
  readonly set: string;
  readonly key: string;
  readonly value: string | undefined;
  readonly timeoutSeconds: number | undefined;
}

export type HookName = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** A rule all of whose matches held. */
export interface Step {
  readonly hook: HookName;
  readonly table: string;
  readonly chain: string;
  /** As nft prints it. */
  readonly rule: string;
  /** Elements that were found, such as `services: 10.96.0.10 . tcp . 80 : goto pick-3`. */
  readonly elements: readonly string[];
}

/** Where a translation of the source address took place. */
export type SourceTranslation =
  | { readonly kind: 'None' }
  /** To the address of the interface through which it leaves. */
  | { readonly kind: 'Masquerade' };

export type Refusal = 'tcp reset' | 'icmp error';

export type Fate =
  /** To a transparent socket of the host. */
  | { readonly kind: 'Redirected'; readonly port: number }
  /** To the host itself, at the packet's destination. */
  | { readonly kind: 'Local' }
  /** Out of the host, to the packet's destination. */
  | { readonly kind: 'Sent' }
  | { readonly kind: 'Dropped' }
  | { readonly kind: 'Rejected'; readonly with: Refusal };

/** What became of a packet. */
export interface Trace {
  readonly steps: readonly Step[];
  readonly fate: Fate;
  /** Translated. The source is still the original one with `Masquerade`, as it depends on the route. */
  readonly packet: Packet;
  readonly sourceTranslation: SourceTranslation;
  readonly connection: Connection;
}

/** A packet on its way; rules change it. */
export interface Flight {
  readonly tables: readonly TableContent[];
  readonly host: Host;
  readonly steps: Step[];
  packet: Packet;
  mark: number;
  priority: number;
  /** Once it is known. */
  outgoing: string | undefined;
  connection: Connection;
  /** The port of the socket that `tproxy` assigned. */
  socketPort: number | undefined;
  sourceTranslation: SourceTranslation;
  /** NAT is decided once for each side of a connection. */
  readonly translated: { destination: boolean; source: boolean };
}

export function addStatus(flight: Flight, flag: StatusFlag): void {
  const { connection } = flight;
  if (!connection.status.includes(flag)) {
    flight.connection = { ...connection, status: [...connection.status, flag] };
  }
}
