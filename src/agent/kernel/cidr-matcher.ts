import { BlockList } from 'node:net';

/** Whether addresses of one family lie in one of the CIDRs; if none are given, all do. */
export function cidrMatcher(cidrs: readonly string[]): (address: string) => boolean {
  if (cidrs.length === 0) return () => true;
  return cidrs.some((cidr) => cidr.includes(':')) ? matchIPv6(cidrs) : matchIPv4(cidrs);
}

/** Without CIDRs that lie in another one: a set of concatenations with ranges refuses elements that overlap. */
export function withoutContained(cidrs: readonly string[]): readonly string[] {
  const widestFirst = [...new Set(cidrs)].sort((a, b) => lengthOf(a) - lengthOf(b));
  const kept: string[] = [];
  for (const cidr of widestFirst) {
    if (kept.length === 0 || !cidrMatcher(kept)(cidr.slice(0, cidr.indexOf('/')))) kept.push(cidr);
  }
  return kept;
}

function lengthOf(cidr: string): number {
  return Number(cidr.slice(cidr.indexOf('/') + 1));
}

/** By number: BlockList takes a microsecond, and there may be 100,000 endpoints. */
function matchIPv4(cidrs: readonly string[]): (address: string) => boolean {
  const ranges = cidrs.map((cidr) => {
    const [address = '', length] = cidr.split('/');
    const size = 2 ** (32 - Number(length));
    const first = Math.floor(numberOf(address) / size) * size;
    return { first, end: first + size };
  });
  return (address) => {
    const number = numberOf(address);
    return ranges.some(({ first, end }) => number >= first && number < end);
  };
}

function matchIPv6(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', length] = cidr.split('/');
    list.addSubnet(address, Number(length), 'ipv6');
  }
  return (address) => list.check(address, 'ipv6');
}

function numberOf(address: string): number {
  let number = 0;
  let part = 0;
  for (let index = 0; index < address.length; index += 1) {
    const code = address.charCodeAt(index);
    if (code === dot) {
      number = number * 256 + part;
      part = 0;
    } else part = part * 10 + code - zero;
  }
  return number * 256 + part;
}

const dot = 46;
const zero = 48;
