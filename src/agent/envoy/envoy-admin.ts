import { connect, type Socket } from 'node:net';
import { http } from '../../base/node-http.ts';
import type { Endpoint } from './bootstrap.ts';
import type { EnvoyStatus } from './envoy-state.ts';

/** Envoy did not answer in time. */
export class AdminTimeoutError extends Error {
  constructor(path: string, timeoutMs: number) {
    super(`Envoy did not answer ${path} within ${timeoutMs} ms`);
    this.name = 'AdminTimeoutError';
  }
}

/** A dump of tens of thousands of resources takes long. */
const dumpTimeoutMs = 5_000;

interface Answer {
  readonly status: number;
  readonly body: string;
}

const overloadStat = 'overload.envoy.overload_actions.reject_incoming_connections.active';
const statsPath = `/stats?filter=${encodeURIComponent(`^(control_plane\\.connected_state|${overloadStat.replaceAll('.', '\\.')})$`)}`;

/** A client of Envoy's admin interface. */
export class EnvoyAdmin {
  readonly #endpoint: Endpoint;
  readonly #timeoutMs: number;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  constructor(endpoint: Endpoint, timeoutMs = 1_000) {
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** @throws AdminTimeoutError, or the socket's error when nothing listens */
  async status(): Promise<EnvoyStatus> {
    const ready = await this.#get('/ready');
    const stats = await this.#get(statsPath);
    return {
      ready: ready.status === 200,
      connected: statIn(stats.body, 'control_plane.connected_state') === 1,
      overloaded: statIn(stats.body, overloadStat) === 1,
    };
  }

  /** Names of the scopes of the `http` listener. */
  scopes(): Promise<ReadonlySet<string>> {
    return this.#names('dynamic_scoped_route_configs', /"name":\s*"([^"]+)"/g);
  }

  /** Names of the clusters that are in use or could be at once. */
  clusters(): Promise<ReadonlySet<string>> {
    return this.#names('dynamic_active_clusters&mask=cluster.name', /"name":\s*"([^"]+)"/g);
  }

  routes(): Promise<ReadonlySet<string>> {
    return this.#names('dynamic_route_configs', /"name":\s*"([^"]+)"/g);
  }

  /**
   * When endpoints of each of these Services last came, milliseconds since 1970; of its ports the latest. Those that Envoy does
   * not use are missing.
   */
  async updateTimes(services: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const filter = `^cluster\\.(${services.join('|')})/[^.]*\\.update_time$`;
    const { body } = await this.#get(`/stats?filter=${encodeURIComponent(filter)}`, dumpTimeoutMs);
    const times = new Map<string, number>();
    for (const [, service = '', time] of body.matchAll(/^cluster\.([^/]+\/[^/]+)\/[^.]*\.update_time: (\d+)$/gm)) {
      times.set(service, Math.max(times.get(service) ?? 0, Number(time)));
    }
    return times;
  }

  /** Calls back once when the process at the admin address is gone, or was not there. */
  onceGone(callback: () => void): Socket {
    const socket = this.#endpoint.kind === 'Unix' ? connect(this.#endpoint.path) : connect({ ...this.#endpoint });
    socket.on('error', () => {}); // `close` follows.
    socket.on('data', () => {});
    return socket.once('close', callback);
  }

  async #names(resource: string, pattern: RegExp): Promise<ReadonlySet<string>> {
    const { body } = await this.#get(`/config_dump?resource=${resource}`, dumpTimeoutMs);
    return new Set([...body.matchAll(pattern)].map((match) => match[1] ?? ''));
  }

  #get(path: string, timeoutMs = this.#timeoutMs): Promise<Answer> {
    const where = this.#endpoint.kind === 'Unix' ? { socketPath: this.#endpoint.path } : this.#endpoint;
    return new Promise((resolve, reject) => {
      const outgoing = http.request({ ...where, path, agent: this.#agent, headers: { host: 'envoy' } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
        response.on('error', reject);
      });
      outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new AdminTimeoutError(path, timeoutMs)));
      outgoing.on('error', reject);
      outgoing.end();
    });
  }
}

/** A line of /stats: `control_plane.connected_state: 1`. */
function statIn(body: string, name: string): number | undefined {
  const line = body.split('\n').find((text) => text.startsWith(`${name}: `));
  return line === undefined ? undefined : Number(line.slice(name.length + 2));
}
