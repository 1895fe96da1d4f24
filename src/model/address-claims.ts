import type { Service } from './service.ts';

/** Of several Services that claim an address, the first one by these holds it. */
interface Claim {
  readonly key: string;
  readonly createdAt: string;
}

/** Which Services claim which cluster IPs: the older holds one that two of them claim, then the first by key. */
export class AddressClaims {
  /** In order of precedence. Most addresses are claimed once: a list for each would be half of the memory. */
  readonly #claims = new Map<string, Claim | readonly Claim[]>();

  ownerOf(address: string): string | undefined {
    return this.#claimsOf(address)[0]?.key;
  }

  /** Puts the addresses of `after` in place of those of `before`; returns those that have another owner now. */
  replace(key: string, before: Service | undefined, after: Service | undefined): readonly string[] {
    const addresses = [...new Set([...(before?.clusterIPs ?? []), ...(after?.clusterIPs ?? [])])];
    const owners = addresses.map((address) => this.ownerOf(address));
    const claim = { key, createdAt: after?.createdAt ?? '' };
    for (const address of addresses) {
      const others = this.#claimsOf(address).filter((other) => other.key !== key);
      this.#set(address, after?.clusterIPs.includes(address) === true ? [...others, claim].sort(byPrecedence) : others);
    }
    return addresses.filter((address, index) => this.ownerOf(address) !== owners[index]);
  }

  #claimsOf(address: string): readonly Claim[] {
    const claims = this.#claims.get(address);
    if (claims === undefined) return none;
    return 'key' in claims ? [claims] : claims;
  }

  #set(address: string, claims: readonly Claim[]): void {
    const [first] = claims;
    if (first === undefined) this.#claims.delete(address);
    else this.#claims.set(address, claims.length === 1 ? first : claims);
  }
}

const none: readonly Claim[] = [];

function byPrecedence(a: Claim, b: Claim): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}
