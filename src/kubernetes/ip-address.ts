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

/**
 * Why traffic cannot be sent to an address in canonical text; undefined when it can. Loopback and link-local addresses
 * pass: the API server refuses them itself, and a directory of manifests belongs to whoever runs the machine.
 */
export function unusableBecause(address: string): string | undefined {
  const range = ipaddr.parse(address).range();
  if (range === 'unspecified') return 'is an unspecified address';
  if (range === 'multicast' || range === 'broadcast') return `is a ${range} address`;
  return undefined;
}
