/** Why something is not ready, by name; nothing: it is. */
export type Blockers = Readonly<Record<string, string>>;

/** Kubernetes' form of /readyz: one line for each named condition. */
export function readyzText(conditions: readonly string[], blockers: Blockers): string {
  const lines = conditions.map((name) =>
    blockers[name] === undefined ? `[+]${name} ok` : `[-]${name} failed: ${blockers[name]}`,
  );
  const verdict = Object.keys(blockers).length === 0 ? 'readyz check passed' : 'readyz check failed';
  return `${[...lines, verdict].join('\n')}\n`;
}
