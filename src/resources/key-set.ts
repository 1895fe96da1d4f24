/** Not always one that could be listed: of clients that no hint names, all are meant. */
export interface KeySet {
  has(key: string): boolean;
}

/** Undefined: all keys. */
export function union(one: KeySet | undefined, other: KeySet | undefined): KeySet | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (one instanceof Set && other instanceof Set) return new Set<string>([...one, ...other]);
  return { has: (key) => one.has(key) || other.has(key) };
}
