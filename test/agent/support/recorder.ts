import { pino } from 'pino';
import { AdsClient, type AdsClientOptions, type Connection } from '../../../src/agent/xds/ads-client.ts';
import { MalformedViewError } from '../../../src/agent/xds/malformed-view.ts';
import { decodeServiceView } from '../../../src/agent/xds/read-service-view.ts';
import type { Rejections, ViewResponse } from '../../../src/agent/xds/view-protocol.ts';
import { preferenceOf } from '../../../src/base/rendezvous.ts';

const logger = pino({ level: 'silent' });

/** A client that records what it is told; what it applied is effective when the test says so. */
export class Recorder {
  readonly responses: ViewResponse[] = [];
  readonly known = new Map<string, number>();
  /** Whether the list was complete, for each response. */
  readonly complete: boolean[] = [];
  readonly connections: Connection[] = [];
  readonly client: AdsClient;
  effective: () => Promise<void> = () => Promise.resolve();
  #waiters: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  constructor(ports: readonly number[], options: Partial<AdsClientOptions> = {}) {
    const identity = { nodeName: 'node1', zone: '', version: '0' };
    this.client = new AdsClient(
      { controllers: ports.map((port) => ({ host: '127.0.0.1', port })), identity, ...options },
      {
        apply: (response) => this.#apply(response),
        effective: async (complete) => {
          this.complete.push(complete);
          this.#look();
          await this.effective();
        },
        connectionChanged: (connection) => {
          this.connections.push(connection);
          this.#look();
        },
      },
      logger,
    );
  }

  get controller(): string | undefined {
    const { connection } = this.client;
    return connection.kind === 'Connected' ? connection.controller : undefined;
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ holds, resolve });
      this.#look();
    });
  }

  #apply(response: ViewResponse): Rejections {
    this.responses.push(response);
    const rejected = new Map<string, string>();
    for (const name of response.removed) this.known.delete(name);
    for (const { name, body } of response.resources) {
      try {
        this.known.set(name, decodeServiceView(name, body).frontends[0]?.port ?? 0);
      } catch (error) {
        if (!(error instanceof MalformedViewError)) throw error;
        rejected.set(name, error.message);
      }
    }
    return rejected;
  }

  #look(): void {
    for (const { holds, resolve } of this.#waiters) if (holds()) resolve();
    this.#waiters = this.#waiters.filter(({ holds }) => !holds());
  }
}

/** The identity of a node that prefers the controllers in this order. */
export function identityPreferring(ports: readonly number[]): AdsClientOptions['identity'] {
  const names = ports.map((port) => `127.0.0.1:${port}`);
  for (let index = 0; ; index += 1) {
    const nodeName = `node${index}`;
    if (preferenceOf(nodeName, names).join() === names.join()) return { nodeName, zone: '', version: '0' };
  }
}
