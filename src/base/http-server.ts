import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { HostPort } from './host-port.ts';
import { jsonPieces } from './json-pieces.ts';
import { http } from './node-http.ts';

/** What a path answers: `text` is sent as it is, `json` a piece at a time, as `jsonPieces` writes it. */
export type HttpAnswer =
  | {
      readonly status: number;
      readonly text: string;
      readonly contentType?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly status: number; readonly json: unknown };

export type HttpRoutes = Readonly<Record<string, (query: URLSearchParams) => HttpAnswer | Promise<HttpAnswer>>>;

/** The read-only HTTP server of health, metrics and dumps, by a table of paths. */
export class HttpServer {
  readonly #server: Server;
  readonly #routes: HttpRoutes;
  readonly #logger: Logger;

  constructor(routes: HttpRoutes, logger: Logger) {
    this.#routes = routes;
    this.#logger = logger;
    this.#server = http.createServer((request, response) => void this.#handle(request, response));
    this.#server.headersTimeout = 10_000;
    this.#server.maxConnections = 256;
  }

  /**
   * @param address an empty host is every address, of both families
   * @throws the socket's error when the address cannot be bound
   */
  async listen({ host, port }: HostPort): Promise<HostPort> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      if (host === '') this.#server.listen(port, resolve);
      else this.#server.listen(port, host, resolve);
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
      const more = 'headers' in answer ? answer.headers : {};
      response.writeHead(answer.status, { 'content-type': type, 'x-content-type-options': 'nosniff', ...more });
      if (request.method !== 'HEAD')
        await writeBody(response, 'json' in answer ? jsonPieces(answer.json) : [answer.text]);
      response.end('json' in answer && request.method !== 'HEAD' ? '\n' : undefined);
    } catch (error) {
      this.#logger.error({ error, url: request.url }, 'Could not answer an HTTP request');
      if (!response.headersSent) response.writeHead(500);
      response.end('Internal error\n');
    }
  }

  #answer(request: IncomingMessage): HttpAnswer | Promise<HttpAnswer> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, text: 'Only GET and HEAD\n' };
    // `//` is a path that a URL cannot have.
    const url = URL.parse(request.url ?? '/', 'http://host');
    const route = url !== null && Object.hasOwn(this.#routes, url.pathname) ? this.#routes[url.pathname] : undefined;
    if (url !== null && route !== undefined) return route(url.searchParams);
    return { status: 404, text: `Unknown path; there are:\n${Object.keys(this.#routes).join('\n')}\n` };
  }
}

/** How long an answer is put together before other work of the process gets its turn. */
const sliceMs = 5;

/** Stops when the client disconnects. While a client does not read, nothing more is put together for it. */
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
