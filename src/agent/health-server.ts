import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { FairleadError } from '../model/errors.ts';
import { type Blockers, readyzText } from './readiness.ts';

export interface HealthSource {
  readonly conditions: readonly string[];
  readonly blockers: () => Blockers;
  readonly registry: Registry;
}

interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** Serves /healthz, /readyz and /metrics. */
export class HealthServer {
  readonly #server: Server;
  readonly #source: HealthSource;

  constructor(source: HealthSource) {
    this.#source = source;
    this.#server = createServer((request, response) => {
      this.#answer(request.url ?? '/', response).catch(() => response.destroy());
    });
    this.#server.headersTimeout = 10_000;
    this.#server.maxConnections = 256;
  }

  /** @throws FairleadError ADDRESS_IN_USE, ADDRESS_INVALID */
  async listen({ host, port }: SocketAddress): Promise<SocketAddress> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const code = error.code === 'EADDRINUSE' ? 'ADDRESS_IN_USE' : 'ADDRESS_INVALID';
        reject(new FairleadError(code, `Could not listen on ${host}:${port}: ${error.message}`, { cause: error }));
      });
      this.#server.listen(port, host, resolve);
    });
    const bound = this.#server.address() as AddressInfo;
    return { host: bound.address, port: bound.port };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(path: string, response: ServerResponse): Promise<void> {
    // `//` is a path that an URL cannot have.
    const url = URL.parse(path, 'http://agent');
    switch (url?.pathname) {
      case '/healthz':
        return send(response, 200, 'ok\n');
      case '/readyz':
        return this.#readyz(url.searchParams.has('verbose'), response);
      case '/metrics': {
        const { registry } = this.#source;
        return send(response, 200, await registry.metrics(), registry.contentType);
      }
      default:
        return send(response, 404, 'Unknown path; there are /healthz, /readyz?verbose and /metrics\n');
    }
  }

  #readyz(verbose: boolean, response: ServerResponse): void {
    const blockers = this.#source.blockers();
    const status = Object.keys(blockers).length === 0 ? 200 : 503;
    send(response, status, verbose || status !== 200 ? readyzText(this.#source.conditions, blockers) : 'ok\n');
  }
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
  response.end(body);
}
