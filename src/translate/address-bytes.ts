import ipaddr from 'ipaddr.js';
import type { Cidr } from '../protos/generated/types/fairlead/node/v1/Cidr.ts';

/** 4 or 16 bytes, as fairlead.node.v1 has addresses. */
export function bytesOf(address: string): Uint8Array {
  return Uint8Array.from(ipaddr.parse(address).toByteArray());
}

/** @param cidr in canonical text */
export function cidrOf(cidr: string): Cidr {
  const [address = '', length] = cidr.split('/');
  return { address: bytesOf(address), prefixLength: Number(length) };
}
