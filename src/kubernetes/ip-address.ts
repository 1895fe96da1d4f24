import ipaddr from 'ipaddr.js';

/**
 * The canonical text of an address (RFC 5952 for IPv6; IPv4 mapped into IPv6 is IPv4, as for Kubernetes), or undefined.
 * Octets with leading zeros are refused: some parsers read them as octal (CVE-2021-29923). So are zone identifiers.
 */
export function canonicalAddress(text: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1];
  if (mapped !== undefined) return ipaddr.IPv4.isValidFourPartDecimal(mapped) ? mapped : undefined;
  if (!/^[\da-f:]+$/i.test(text) || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String();
}

/** `10.0.0.0/8`, `fd00::/8`: the canonical text of a range of addresses without host bits, or undefined. */
export function canonicalCidr(text: string): string | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = canonicalAddress(match?.[1] ?? '');
  if (address === undefined) return undefined;
  const length = Number(match?.[2]);
  // The length of a range that was written as IPv4 mapped into IPv6 counts other bits.
  if (length > (address.includes(':') ? 128 : 32)) return undefined;
  const cidr = `${address}/${length}`;
  const parser = address.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
  const network = parser.networkAddressFromCIDR(cidr);
  return `${network instanceof ipaddr.IPv6 ? network.toRFC5952String() : network.toString()}/${length}`;
}

/**
 * Why traffic cannot be sent to an address in canonical text; undefined when it can. Loopback and link-local addresses
 * pass: the API server refuses them itself, and a directory of manifests is under the control of the machine's administrator.
 */
export function unusableBecause(address: string): string | undefined {
  const range = ipaddr.parse(address).range();
  if (range === 'unspecified') return 'is an unspecified address';
  if (range === 'multicast' || range === 'broadcast') return `is a ${range} address`;
  return undefined;
}
