import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtime } from '../../src/agent/envoy/bootstrap.ts';
import { eventually } from './until.ts';

const binary = fileURLToPath(new URL('../../.cache/bin/envoy', import.meta.url));

interface Listeners {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}

/** A real Envoy on loopback whose configuration comes from an ADS server. */
export class Envoy {
  readonly #process: ChildProcess;
  readonly #directory: string;
  #admin = '';

  private constructor(child: ChildProcess, directory: string) {
    this.#process = child;
    this.#directory = directory;
  }

  static async start(xdsPort: number, apiType: 'DELTA_GRPC' | 'GRPC', withClusters: boolean): Promise<Envoy> {
    const directory = mkdtempSync(join(tmpdir(), 'fairlead-envoy-'));
    const config = join(directory, 'bootstrap.json');
    writeFileSync(config, JSON.stringify(bootstrap(xdsPort, apiType, withClusters)));
    const log = openSync(join(directory, 'log'), 'w');
    const args = ['-c', config, '--admin-address-path', join(directory, 'admin'), '--concurrency', '1'];
    const child = spawn(binary, [...args, '--disable-hot-restart', '-l', 'info'], { stdio: ['ignore', log, log] });
    closeSync(log);
    const envoy = new Envoy(child, directory);
    await eventually(
      'Envoy started',
      () => envoy.#readAdmin(),
      (address) => address !== '',
    );
    return envoy;
  }

  async port(listener: string): Promise<number> {
    const found = await eventually(
      `Listener ${listener}`,
      async () => {
        const { listener_statuses: all = [] } = JSON.parse(await this.get('/listeners?format=json')) as Listeners;
        return all.find(({ name }) => name === listener)?.local_address.socket_address.port_value ?? 0;
      },
      (port) => port > 0,
    );
    return found;
  }

  async get(path: string): Promise<string> {
    const response = await fetch(`http://${this.#admin}${path}`);
    return response.text();
  }

  async stat(name: string): Promise<number> {
    const [, value] = (await this.get(`/stats?filter=^${name}$`)).split(': ');
    return Number(value ?? Number.NaN);
  }

  get log(): string {
    return readFileSync(join(this.#directory, 'log'), 'utf8');
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.kill('SIGKILL')) await once(this.#process, 'exit');
    rmSync(this.#directory, { recursive: true });
  }

  #readAdmin(): string {
    this.#admin = readFileSync(join(this.#directory, 'admin'), 'utf8');
    return this.#admin;
  }
}

/** What a TCP server says first; empty when the connection is closed without a word. */
export function greeting(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', (data) => {
      resolve(data.toString());
      socket.destroy();
    });
    socket.once('close', () => resolve(''));
    socket.once('error', reject);
  });
}

const reconnect = { base_interval: '0.25s', max_interval: '3s' };

function bootstrap(xdsPort: number, apiType: string, withClusters: boolean): object {
  const ads = { ads: {}, resource_api_version: 'V3' };
  const http2 = 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const address = { socket_address: { address: '127.0.0.1', port_value: xdsPort } };
  return {
    node: { id: 'node-1', cluster: 'test', locality: { zone: 'zone-1' } },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      ads_config: {
        api_type: apiType,
        transport_api_version: 'V3',
        // Otherwise every request carries the node, which lists all extensions: 60 kB.
        set_node_on_first_message_only: true,
        // As in the agent's bootstrap; Envoy's own maximum is 30 s.
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds', retry_policy: { retry_back_off: reconnect } } }],
      },
      lds_config: ads,
      ...(withClusters && { cds_config: ads }),
    },
    layered_runtime: runtime,
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': http2,
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: { cluster_name: 'xds', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
        },
      ],
    },
  };
}
