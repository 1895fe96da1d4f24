import { Option } from 'commander';
import { parseHostPort } from '../base/host-port.ts';
import { FairleadError } from '../model/errors.ts';

export function adminAddressOption(): Option {
  return new Option('--admin-address <host:port>', "the controller's admin address").default('127.0.0.1:18001');
}

/**
 * Reads JSON from the controller's admin port.
 * @throws FairleadError ADDRESS_INVALID, ADMIN_UNREACHABLE
 */
export async function readAdmin<T>(address: string, path: string): Promise<T> {
  if (parseHostPort(address) === undefined) {
    throw new FairleadError('ADDRESS_INVALID', `--admin-address: "${address}" is not HOST:PORT`);
  }
  try {
    const response = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return (await response.json()) as T;
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : (error as Error).message;
    throw new FairleadError('ADMIN_UNREACHABLE', `--admin-address: ${address} did not answer: ${cause}`, {
      cause: error,
    });
  }
}
