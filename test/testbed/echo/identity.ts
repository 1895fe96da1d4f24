/** Who answers. */
export interface Identity {
  readonly pod: string;
  readonly node: string;
}

/** What every echo tells: who answered, and whom it saw. */
export interface Echo extends Identity {
  readonly clientAddress: string;
  readonly clientPort: number;
}

export function echoOf(identity: Identity, address: string | undefined, port: number | undefined): Echo {
  return { ...identity, clientAddress: plainAddress(address ?? ''), clientPort: port ?? 0 };
}

/** A socket that serves both families shows IPv4 clients as `::ffff:10.0.0.1`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
