import { isRecord } from './json.ts';

/** Why a request did not give what was asked for; the message names the server and the reason. */
export class ApiError extends Error {
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** Kubernetes' word for it, such as `Forbidden` or `Expired`. */
  readonly reason: string;
  /** What the server asked to wait for. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: ApiErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ApiError';
    this.status = details.status;
    this.reason = details.reason ?? '';
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Whether the asked version is no longer kept, or not known to this server: only a new list helps. */
  get expired(): boolean {
    return this.status === 410 || this.reason === 'Expired' || this.reason === 'Gone';
  }

  /** Whether asking the same again later can help (RFC 9110 §15.5, §15.6). */
  get transient(): boolean {
    const { status } = this;
    return status === undefined || status >= 500 || [401, 408, 429].includes(status);
  }
}

interface ApiErrorDetails {
  readonly status?: number;
  readonly reason?: string;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The parts of a `v1.Status` that are used (apimachinery, meta/v1 Status). */
export interface Status {
  readonly code: number | undefined;
  readonly reason: string;
  readonly message: string;
}

export function readStatus(value: unknown): Status {
  if (!isRecord(value)) return { code: undefined, reason: '', message: '' };
  const { code, reason, message } = value;
  return {
    // A watch started at a version that is ahead of the server's says so in a cause (ResourceVersionTooLarge).
    code: typeof code === 'number' ? code : undefined,
    reason: tooLarge(value['details']) ? 'Expired' : text(reason),
    message: text(message),
  };
}

function tooLarge(details: unknown): boolean {
  const causes = isRecord(details) ? details['causes'] : undefined;
  return Array.isArray(causes) && causes.some((c) => isRecord(c) && c['reason'] === 'ResourceVersionTooLarge');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** An ERROR event, or the body of an answer that is not a success. */
export function statusError(server: string, code: number, status: Status, retryAfterMs?: number): ApiError {
  const reason = status.reason === '' ? '' : ` ${status.reason}`;
  const message = status.message === '' ? '' : `: ${status.message}`;
  return new ApiError(`API server ${server} answered ${code}${reason}${message}`, {
    status: code,
    reason: status.reason,
    retryAfterMs,
  });
}
