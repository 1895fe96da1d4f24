import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { formatHostPort, type HostPort } from '../base/host-port.ts';
import { jsonPieces } from '../base/json-pieces.ts';
import { FairleadError } from '../model/errors.ts';

/** What a path answers; the body of `text` is sent as it is, `json` as `jsonPieces` writes it, a piece at a time. */
export type AdminAnswer =
  | { readonly status: number; readonly text: string; readonly contentType?: string }
  | { readonly status: number; readonly json: unknown };

export type AdminRoutes = Readonly<Record<string, (query: URLSearchParams) => AdminAnswer | Promise<AdminAnswer>>>;

/** The read-only HTTP server of health, metrics and dumps: a switch over paths. */
export class AdminServer {
  readonly #server: Server;
  readonly #routes: AdminRoutes;
  readonly #logger: Logger;

  constructor(routes: AdminRoutes, logger: Logger) {
    this.#routes = routes;
    this.#logger = logger;
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.headersTimeout = 10_000;
    this.#server.maxConnections = 256;
  }

  /** @throws FairleadError ADDRESS_IN_USE, ADDRESS_INVALID */
  async listen({ host, port }: HostPort): Promise<HostPort> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, { host, port })));
      this.#server.listen(port, host, resolve);
    });
    const bound = this.#server.address() as AddressInfo;
    return { host: bound.address, port: bound.port };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.#answer(request);
      const type = 'json' in answer ? 'application/json' : (answer.contentType ?? 'text/plain; charset=utf-8');
      response.writeHead(answer.status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
      if (request.method !== 'HEAD')
        await writeBody(response, 'json' in answer ? jsonPieces(answer.json) : [answer.text]);
      response.end('json' in answer && request.method !== 'HEAD' ? '\n' : undefined);
    } catch (error) {
      this.#logger.error({ error, url: request.url }, 'Could not answer an admin request');
      if (!response.headersSent) response.writeHead(500);
      response.end('Internal error\n');
    }
  }

  #answer(request: IncomingMessage): AdminAnswer | Promise<AdminAnswer> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, text: 'Only GET and HEAD\n' };
    const url = URL.parse(request.url ?? '/', 'http://admin');
    const route = url !== null && Object.hasOwn(this.#routes, url.pathname) ? this.#routes[url.pathname] : undefined;
    if (url !== null && route !== undefined) return route(url.searchParams);
    return { status: 404, text: `Unknown path; there are:\n${Object.keys(this.#routes).join('\n')}\n` };
  }
}

/** How long an answer is put together before the streams have their turn. */
const sliceMs = 5;

/** Stops when the client goes. A client that does not read is waited for; nothing is put together for it meanwhile. */
async function writeBody(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  let start = performance.now();
  for (const piece of pieces) {
    if (response.destroyed) return;
    if (!response.write(piece)) await writable(response);
    if (performance.now() - start < sliceMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    start = performance.now();
  }
}

function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

/** Turns what the socket said into an error with a code. */
export function listenError(error: NodeJS.ErrnoException, address: HostPort): FairleadError {
  const code =
    error.code === 'EADDRINUSE' ? 'ADDRESS_IN_USE' : error.code === 'EACCES' ? 'NOT_PERMITTED' : 'ADDRESS_INVALID';
  return new FairleadError(code, `Could not listen on ${formatHostPort(address)}: ${error.message}`, { cause: error });
}
