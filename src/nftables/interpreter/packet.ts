import type { ConnectionFlag, Direction, PacketFamily } from '../rule.ts';

export type Protocol = 'tcp' | 'udp' | 'sctp' | 'icmp' | 'ipv6-icmp';

/** Ports are absent where the protocol has none. */
export interface Tuple {
  /** Canonical text. */
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** Name of the loopback interface, through which a host's packets to itself come back. */
export const loopback = 'lo';

/** A packet as it enters the host's hooks. */
export interface Packet extends Tuple {
  readonly family: PacketFamily;
  readonly protocol: Protocol;
  readonly mark?: number;
  /** The interface through which it arrived; absent: the host itself sends it. */
  readonly incoming?: string;
}

type StateFlag = Extract<ConnectionFlag, { readonly of: 'state' }>['flag'];
export type StatusFlag = Extract<ConnectionFlag, { readonly of: 'status' }>['flag'];

/** What conntrack knows of the packet's connection. */
export interface Connection {
  readonly state: StateFlag;
  readonly direction: Direction;
  readonly mark: number;
  readonly status: readonly StatusFlag[];
  /** As the first packet was on arrival. */
  readonly original: Tuple;
  /** Of the first answer, as it arrives. */
  readonly reply: Tuple;
}

/** The connection that a packet begins. */
export function newConnection(packet: Packet): Connection {
  return {
    state: 'new',
    direction: 'original',
    mark: 0,
    status: [],
    original: tupleOf(packet),
    reply: reversed(packet),
  };
}

export function tupleOf({ source, destination, sourcePort, destinationPort }: Tuple): Tuple {
  return {
    source,
    destination,
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
  };
}

export function reversed({ source, destination, sourcePort, destinationPort }: Tuple): Tuple {
  return tupleOf({
    source: destination,
    destination: source,
    ...(destinationPort === undefined ? {} : { sourcePort: destinationPort }),
    ...(sourcePort === undefined ? {} : { destinationPort: sourcePort }),
  });
}
