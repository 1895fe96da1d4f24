import ipaddr from 'ipaddr.js';
import type { IpFamily } from '../../model/service.ts';

type ViewType = 'ServiceView' | 'NodeView';

/** A resource that cannot be programmed; the message names the field and the reason. */
export class MalformedViewError extends Error {
  constructor(name: string, field: string, reason: string, type: ViewType = 'ServiceView') {
    super(`${type} ${name} ${field}: ${reason}`);
    this.name = 'MalformedViewError';
  }
}

export interface RawCidr {
  readonly address: Uint8Array;
  readonly prefixLength: number;
}

/** Reads the fields of the view of one name; every method throws MalformedViewError. */
export class ViewChecks {
  readonly #name: string;
  readonly #type: ViewType;

  constructor(name: string, type: ViewType = 'ServiceView') {
    this.#name = name;
    this.#type = type;
  }

  refuse(field: string, reason: string): never {
    throw new MalformedViewError(this.#name, field, reason, this.#type);
  }

  /** Canonical text. */
  address(field: string, bytes: Uint8Array, family: IpFamily): string {
    const length = family === 'IPv4' ? 4 : 16;
    if (bytes.length !== length) this.refuse(field, `has ${bytes.length} bytes, not the ${length} of ${family}`);
    if (family === 'IPv4') return bytes.join('.');
    const address = new ipaddr.IPv6([...bytes]);
    if (address.isIPv4MappedAddress()) this.refuse(field, 'is an IPv4-mapped IPv6 address');
    return address.toRFC5952String();
  }

  port(field: string, port: number): number {
    if (port < 1 || port > 65_535) this.refuse(field, `${port} is not between 1 and 65535`);
    return port;
  }

  /** @param values by number in node.proto */
  choice<T>(field: string, values: readonly T[], number: number): T {
    return values[number] ?? this.refuse(field, `${number} is not a value this agent knows`);
  }

  atMost(field: string, most: number, number: number): number {
    if (number > most) this.refuse(field, `${number} is more than ${most}`);
    return number;
  }

  /** Message Cidr, without host bits; canonical text. */
  cidr(field: string, { address, prefixLength }: RawCidr, family: IpFamily): string {
    const text = this.address(`${field}.address`, address, family);
    this.atMost(`${field}.prefix_length`, 8 * address.length, prefixLength);
    const hasHostBits = address.some((byte, index) => {
      const kept = Math.min(8, Math.max(0, prefixLength - 8 * index));
      return (byte & (0xff >> kept)) !== 0;
    });
    if (hasHostBits) this.refuse(field, `has bits behind the first ${prefixLength}`);
    return `${text}/${prefixLength}`;
  }

  element<T>(field: string, list: readonly T[], index: number): T {
    return list[index] ?? this.refuse(field, `there is no endpoint set ${index}`);
  }

  unique(field: string, seen: Set<string>, id: string): void {
    if (seen.has(id)) this.refuse(field, `${id} occurs twice`);
    seen.add(id);
  }
}
