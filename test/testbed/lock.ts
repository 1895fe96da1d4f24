import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Releases a lock. */
export type Release = () => void;

/**
 * Keeps two runs from using one prefix of namespaces, which are the machine's, not the repository's.
 * @throws when a process that lives holds it
 */
export function lockPrefix(prefix: string): Release {
  const path = `/run/fairlead-testbed-${prefix}.pid`;
  const holder = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  if (holder > 0 && holder !== process.pid && existsSync(`/proc/${holder}`)) {
    throw new Error(`Process ${holder} uses the namespaces ${prefix}*; end it, or choose another prefix`);
  }
  writeFileSync(path, String(process.pid));
  return () => rmSync(path, { force: true });
}
