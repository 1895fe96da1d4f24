/** What is wrong with an echo server, of HTTP and TCP; all absent: nothing. */
export interface Fault {
  /** HTTP status of every answer. */
  readonly status?: number;
  /** Milliseconds until each answer. */
  readonly delay?: number;
  /** `refuse`: nothing listens; `reset`: connections are accepted and reset; `hang`: accepted, never answered. */
  readonly connections?: 'refuse' | 'reset' | 'hang';
}

/** @throws when the text is no fault */
export function parseFault(text: string): Fault {
  const value: unknown = JSON.parse(text === '' ? '{}' : text);
  if (typeof value !== 'object' || value === null) throw new Error('a fault is an object');
  const { status, delay, connections, ...rest } = value as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw new Error(`${unknown}: no such fault (status, delay, connections)`);
  return {
    ...(status === undefined ? {} : { status: integerBetween('status', status, 200, 599) }),
    ...(delay === undefined ? {} : { delay: integerBetween('delay', delay, 0, 600_000) }),
    ...(connections === undefined ? {} : { connections: connectionFault(connections) }),
  };
}

function integerBetween(field: string, value: unknown, from: number, to: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return value;
  throw new Error(`${field}: not an integer from ${from} to ${to}`);
}

function connectionFault(value: unknown): 'refuse' | 'reset' | 'hang' {
  if (value === 'refuse' || value === 'reset' || value === 'hang') return value;
  throw new Error('connections: neither "refuse", "reset" nor "hang"');
}
