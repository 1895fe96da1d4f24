import { hash } from 'node:crypto';

/** 64 bits that identify one version of one resource, as two signed halves; equal in every replica. */
export interface Digest {
  readonly low: number;
  readonly high: number;
}

/** The first 8 bytes of SHA-256 of the name, a zero byte and the version (protos/fairlead/node/v1/node.proto). */
export function digestOf(name: string, version: string): Digest {
  const bytes = hash('sha256', `${name}\0${version}`, 'buffer');
  return { low: bytes.readInt32LE(0), high: bytes.readInt32LE(4) };
}

/** The number of buckets divides it; then the rest says in which one the name is. */
export function hashOfName(name: string): number {
  return hash('sha256', name, 'buffer').readUInt32LE(0);
}
