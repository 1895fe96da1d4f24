import { pino } from 'pino';
import { ResourceCache } from '../../src/xds/cache/resource-cache.ts';
import type { ResponseSent } from '../../src/xds/server/ads-events.ts';
import { AdsServer, type AdsServerOptions } from '../../src/xds/server/ads-server.ts';
import { AdsClient } from './xds-client.ts';

export interface LogLine {
  readonly msg: string;
  readonly [key: string]: unknown;
}

/** A server on loopback with what it sent and logged. */
export class TestServer {
  readonly cache: ResourceCache;
  readonly sent: ResponseSent[] = [];
  readonly log: LogLine[] = [];
  readonly ads: AdsServer;
  readonly #clients: AdsClient[] = [];
  #address = '';

  private constructor(cache: ResourceCache, options: Partial<AdsServerOptions>) {
    this.cache = cache;
    const write = (line: string) => this.log.push(JSON.parse(line) as LogLine);
    this.ads = new AdsServer({
      cache,
      viewOf: (node) => ({ nodeName: node.nodeName || node.id, zone: node.zone }),
      logger: pino({ level: 'debug' }, { write }),
      ...options,
      events: {
        ...options.events,
        responseSent: (event) => {
          this.sent.push(event);
          options.events?.responseSent?.(event);
        },
      },
    });
  }

  /** @param cache shared to stand for a replica or a restart */
  static async start(
    options: Partial<AdsServerOptions> = {},
    cache = new ResourceCache(),
    address = '127.0.0.1:0',
  ): Promise<TestServer> {
    const server = new TestServer(cache, options);
    server.#address = (await server.ads.listen(address)).address;
    return server;
  }

  get address(): string {
    return this.#address;
  }

  get resourceBytesSent(): number {
    return this.sent.reduce((sum, { resourceBytes }) => sum + resourceBytes, 0);
  }

  delta(node?: Record<string, unknown>): AdsClient {
    return this.#client('delta', node);
  }

  node(node?: Record<string, unknown>): AdsClient {
    return this.#client('node', node);
  }

  sotw(node?: Record<string, unknown>): AdsClient {
    return this.#client('sotw', node);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.ads.close(0);
  }

  #client(variant: 'delta' | 'sotw' | 'node', node: Record<string, unknown> | undefined): AdsClient {
    const client = new AdsClient(this.#address, variant, node);
    this.#clients.push(client);
    return client;
  }
}
