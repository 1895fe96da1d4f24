import type { Server, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { errorText } from '../../base/error-text.ts';
import { http } from '../../base/node-http.ts';

/** What a load balancer asks about one Service on this node. */
export interface ServiceCheck {
  readonly port: number;
  /** Distinct addresses of ready endpoints on this node; of a dual-stack Service in one family. */
  readonly readyLocal: number;
}

/** Where the ports are open: every address of the node, or these. */
export type CheckAddresses =
  | { readonly kind: 'All' }
  | { readonly kind: 'Some'; readonly addresses: readonly string[] };

export interface ServiceHealthOptions {
  readonly isHealthy: () => boolean;
  /** A port could not be bound; called once until it could. */
  readonly onFailure: (service: string, port: number, reason: string) => void;
  readonly logger: Logger;
  readonly retryMs?: number;
}

const defaultRetryMs = 5_000;

/**
 * The healthCheckNodePorts of Services. There is one owner for both families: with kube-proxy before 1.36 those of the two families
 * competed for the port (kubernetes#114702).
 */
export class ServiceHealth {
  readonly #options: ServiceHealthOptions;
  readonly #services = new Map<string, CheckServer>();
  #addresses: CheckAddresses | undefined;

  constructor(options: ServiceHealthOptions) {
    this.#options = options;
  }

  /** Ports that could not be bound. */
  get failed(): number {
    return [...this.#services.values()].filter((server) => server.hasFailed).length;
  }

  /** @param check undefined: the Service has none, or is gone */
  set(service: string, check: ServiceCheck | undefined): void {
    const server = this.#services.get(service);
    if (server !== undefined && server.check.port === check?.port) {
      server.check = check;
      return;
    }
    server?.close();
    this.#services.delete(service);
    if (check !== undefined) this.#open(service, check);
  }

  /** Nothing is opened before this is called. */
  setAddresses(addresses: CheckAddresses): void {
    if (JSON.stringify(addresses) === JSON.stringify(this.#addresses)) return;
    this.#addresses = addresses;
    for (const server of this.#services.values()) server.listen(addresses);
  }

  close(): void {
    for (const server of this.#services.values()) server.close();
    this.#services.clear();
  }

  #open(service: string, check: ServiceCheck): void {
    const server = new CheckServer(service, check, this.#options);
    this.#services.set(service, server);
    if (this.#addresses !== undefined) server.listen(this.#addresses);
  }
}

class CheckServer {
  check: ServiceCheck;
  hasFailed = false;
  readonly #service: string;
  readonly #options: ServiceHealthOptions;
  #servers: readonly Server[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(service: string, check: ServiceCheck, options: ServiceHealthOptions) {
    this.#service = service;
    this.check = check;
    this.#options = options;
  }

  /** Replaces what is open; tried again while an address cannot be bound, all of them then, as the port is one. */
  listen(addresses: CheckAddresses): void {
    this.close();
    const hosts = addresses.kind === 'All' ? [undefined] : addresses.addresses;
    this.#servers = hosts.map(() => http.createServer((_request, response) => this.#answer(response)));
    const bound = this.#servers.map((server, index) => listenOn(server, this.check.port, hosts[index]));
    const servers = this.#servers;
    Promise.all(bound).then(
      () => this.#opened(servers),
      (error: unknown) => this.#failed(servers, error, addresses),
    );
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    this.#servers = [];
  }

  #opened(servers: readonly Server[]): void {
    if (servers !== this.#servers) return;
    this.hasFailed = false;
    this.#options.logger.info({ service: this.#service, port: this.check.port }, 'Opened a health-check node port');
  }

  #failed(servers: readonly Server[], error: unknown, addresses: CheckAddresses): void {
    if (servers !== this.#servers) return;
    this.close();
    if (!this.hasFailed) this.#tell(errorText(error));
    this.hasFailed = true;
    this.#timer = setTimeout(() => this.listen(addresses), this.#options.retryMs ?? defaultRetryMs);
  }

  #tell(reason: string): void {
    const { port } = this.check;
    this.#options.logger.error({ service: this.#service, port, reason }, 'Could not open a health-check node port');
    this.#options.onFailure(this.#service, port, reason);
  }

  /** Any path and method, as with kube-proxy. */
  #answer(response: ServerResponse): void {
    const { readyLocal } = this.check;
    const isHealthy = this.#options.isHealthy();
    response.writeHead(readyLocal > 0 && isHealthy ? 200 : 503, {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      'X-Load-Balancing-Endpoint-Weight': String(readyLocal),
    });
    response.end(bodyOf(this.#service, readyLocal, isHealthy));
  }
}

/** Byte for byte kube-proxy's, which load balancers may compare. */
function bodyOf(service: string, localEndpoints: number, serviceProxyHealthy: boolean): string {
  const [namespace, name] = service.split('/');
  return JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy }, undefined, '\t');
}

/** Without a host: all addresses of both families. */
function listenOn(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    if (host === undefined) server.listen(port, () => resolve());
    else server.listen(port, host, () => resolve());
  });
}
