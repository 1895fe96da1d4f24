/** What to send. */
export interface LoadOptions {
  readonly protocol: 'http' | 'http2' | 'tcp' | 'udp';
  /** `10.96.0.10:80`, `[fd00::a]:80`. */
  readonly target: string;
  /** HTTP only; default `/`. */
  readonly path: string;
  /** HTTP only: one connection for each request, or kept ones. */
  readonly connections: 'new' | 'keep-alive';
  /** Attempts begun in a second; 0: as many as `concurrency` lets. */
  readonly rate: number;
  /** Most attempts at one time; further ones are put off. */
  readonly concurrency: number;
  /** Ends after so many attempts; 0: no such end. */
  readonly count: number;
  /** Ends after so many milliseconds; 0: no such end. */
  readonly durationMs: number;
  readonly timeoutMs: number;
}

/** `status` is an HTTP status of 400 and more; `unreachable` an ICMP error other than a closed port. */
export type Outcome = 'ok' | 'refused' | 'reset' | 'closed' | 'timeout' | 'unreachable' | 'status' | 'error';

/** One request, or one TCP connection with one line, or one datagram. */
export interface Attempt {
  /** Milliseconds since the epoch, with a fraction. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  /** Whether it came on a connection that an earlier one had opened. */
  readonly reusedConnection: boolean;
  readonly status?: number;
  /** Error code, where the outcome does not say it all. */
  readonly detail?: string;
  readonly pod?: string;
  readonly node?: string;
  /** The client as the backend saw it. */
  readonly clientAddress?: string;
  readonly clientPort?: number;
  /** Envoy turned it away for a circuit breaker (an overflow). */
  readonly overloaded?: boolean;
}

/** What an attempt found, without its times. */
export type Finding = Omit<Attempt, 'startedAt' | 'endedAt'>;

export function failure(error: unknown, reusedConnection = false): Finding {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return { outcome: outcomeOf(code), detail: code, reusedConnection };
}

function outcomeOf(code: string): Outcome {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset';
    case 'ETIMEDOUT':
    case 'TIMEOUT':
      return 'timeout';
    case 'CLOSED':
      return 'closed';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'unreachable';
    default:
      return 'error';
  }
}

/** The part of an echo's answer that is kept. */
export function echoIn(text: string): Pick<Finding, 'pod' | 'node' | 'clientAddress' | 'clientPort'> {
  try {
    const { pod, node, clientAddress, clientPort } = JSON.parse(text) as Finding;
    return pod === undefined ? {} : ({ pod, node, clientAddress, clientPort } as Finding);
  } catch {
    return {}; // Not from an echo server: a proxy's own error page.
  }
}
