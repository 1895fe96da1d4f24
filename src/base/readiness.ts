import type { HttpAnswer } from './http-server.ts';

/** Why something is not ready, by the name of the condition; empty when it is ready. */
export type Blockers = Readonly<Record<string, string>>;

/** The answer of `/readyz`: with `?verbose` or when not ready, one line for each condition, as Kubernetes' components print it. */
export function readyz(conditions: readonly string[], blockers: Blockers, query: URLSearchParams): HttpAnswer {
  const isReady = Object.keys(blockers).length === 0;
  if (isReady && !query.has('verbose')) return { status: 200, text: 'ok\n' };
  const lines = conditions.map((name) =>
    blockers[name] === undefined ? `[+]${name} ok` : `[-]${name} failed: ${blockers[name]}`,
  );
  const text = `${[...lines, `readyz check ${isReady ? 'passed' : 'failed'}`].join('\n')}\n`;
  return { status: isReady ? 200 : 503, text };
}
