import { familyOf } from '../model/address.ts';
import type { Address } from '../protos/generated/types/envoy/config/core/v3/Address.ts';
import type { ConfigSource } from '../protos/generated/types/envoy/config/core/v3/ConfigSource.ts';
import type { Duration } from '../protos/generated/types/google/protobuf/Duration.ts';

export const uint32Max = 4_294_967_295;

/**
 * Buffers of one connection, each way. Envoy's default of 1 MiB lets stuck connections take gigabytes of a node that
 * carries tens of thousands.
 */
export const connectionBufferBytes = 32_768;

/** The stream that the resource itself came on. */
export const adsSource = { ads: {}, resourceApiVersion: 'V3' } as const satisfies ConfigSource;

export function durationOf(milliseconds: number): Duration {
  return { seconds: Math.floor(milliseconds / 1000), nanos: Math.round((milliseconds % 1000) * 1_000_000) };
}

export function socketAddress(address: string, portValue: number): Address {
  return { socketAddress: { address, portValue } };
}

/** Whether text is an IP address and not a name to look up. */
export function isIpAddress(text: string): boolean {
  return familyOf(text) === 'IPv6' || /^\d+\.\d+\.\d+\.\d+$/.test(text);
}
