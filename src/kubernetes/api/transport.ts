import type { IncomingMessage } from 'node:http';
import * as https from 'node:https';
import { errorText } from '../../base/error-text.ts';
import { http } from '../../base/node-http.ts';
import { ApiError, readStatus, statusError } from './api-error.ts';
import type { Access, ClusterAccess } from './cluster-access.ts';
import { parseJson } from './json.ts';

export interface GetOptions {
  readonly signal: AbortSignal;
  /** The request is given up when no data was received for this long, before its headers or after. */
  readonly idleMs: number;
  /** Default: JSON. */
  readonly accept?: string;
}

/** Longest wait for credentials: an exec plugin may hang. */
const credentialsMs = 60_000;
const errorBodyBytes = 64 * 1024;

/** What is asked of the server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  readonly body?: { readonly contentType: string; readonly text: string };
}

/** As `request`, for a GET. */
export function get(access: ClusterAccess, path: string, options: GetOptions): Promise<IncomingMessage> {
  return request(access, { method: 'GET', path }, options);
}

/**
 * Sends one request and gives its successful answer. Throws ApiError for everything else. Credentials that are refused are
 * refreshed and tried once more.
 */
export async function request(access: ClusterAccess, asked: ApiRequest, options: GetOptions): Promise<IncomingMessage> {
  try {
    return await requestOnce(access, asked, options);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    refresh(access);
    return requestOnce(access, asked, options);
  }
}

async function requestOnce(access: ClusterAccess, asked: ApiRequest, options: GetOptions): Promise<IncomingMessage> {
  const { server, options: requestOptions } = await credentials(access, options.signal);
  const response = await send(server, requestOptions, asked, options);
  const code = response.statusCode ?? 0;
  if (code >= 200 && code < 300) return response;
  const body = parseJson(await readBody(access.server, response, errorBodyBytes).catch(() => Buffer.alloc(0)));
  throw statusError(access.server, code, readStatus(body), retryAfterMs(response.headers['retry-after']));
}

async function credentials(access: ClusterAccess, signal: AbortSignal): Promise<Access> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(credentialsMs)]);
  try {
    return await abortable(access.current(), limit);
  } catch (error) {
    throw noCredentials(access, error);
  }
}

function refresh(access: ClusterAccess): void {
  try {
    access.refresh();
  } catch (error) {
    throw noCredentials(access, error);
  }
}

function noCredentials(access: ClusterAccess, cause: unknown): ApiError {
  const message = `Credentials for API server ${access.server} could not be obtained: ${errorText(cause)}`;
  return new ApiError(message, { cause });
}

function send(server: URL, base: https.RequestOptions, { method, path, body }: ApiRequest, options: GetOptions) {
  const { idleMs, signal, accept = 'application/json' } = options;
  const url = new URL(server.href.replace(/\/$/, '') + path);
  const create = url.protocol === 'https:' ? https.request : http.request;
  const type = body === undefined ? {} : { 'content-type': body.contentType };
  const headers = { ...base.headers, accept, 'user-agent': 'fairlead', ...type };
  return new Promise<IncomingMessage>((resolve, reject) => {
    let response: IncomingMessage | undefined;
    const req = create(url, { ...base, method, headers, signal, timeout: idleMs });
    // A half-open connection, or a server that hangs: destroying the answer fails its reader with this error.
    req.on('timeout', () => {
      (response ?? req).destroy(new Error(`No data was received for ${idleMs} ms`));
    });
    req.on('socket', (socket) => socket.setKeepAlive(true, 30_000));
    req.on('error', (error) => reject(unreachable(server.origin, error)));
    req.on('response', (answer) => {
      response = answer;
      answer.on('error', () => {});
      resolve(answer);
    });
    req.end(body?.text);
  });
}

/** Chunks of an answer as they come; a connection that breaks throws ApiError. */
export async function* readChunks(server: string, response: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk;
  } catch (error) {
    throw unreachable(server, error);
  }
}

export async function readBody(server: string, response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of readChunks(server, response)) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new ApiError(`API server ${server} sent a response longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}

function unreachable(server: string, cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  return new ApiError(`API server ${server} could not be reached: ${errorText(cause)}`, { cause });
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
