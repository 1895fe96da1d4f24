// What was translated, in a real Envoy on loopback. Without redirection the address that a client connects to is the
// listener's own, so the Services here have cluster IPs of 127.0.0.0/8 and the listeners' ports.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { ModelStore } from '../../../src/model/model.ts';
import type { ServicePolicy } from '../../../src/model/policy.ts';
import type { AppProtocol } from '../../../src/model/service.ts';
import { defaultSettings, type TranslateSettings } from '../../../src/translate/settings.ts';
import { commonUnit } from '../../../src/translate/units/common-unit.ts';
import { endpointsUnit } from '../../../src/translate/units/endpoints-unit.ts';
import { serviceUnit } from '../../../src/translate/units/service-unit.ts';
import { anEndpoint, aPort, aService, aSlice, serviceUpdate, sliceUpdate } from '../../support/builders.ts';
import { Envoy } from '../../support/envoy.ts';
import { replaceEach } from '../../support/replace-each.ts';
import { TestServer } from '../../support/test-server.ts';
import { eventually } from '../../support/until.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A control plane, an Envoy, and endpoints as a test makes them. */
export class Loopback {
  readonly envoy: Envoy;
  readonly ports: { readonly http: number; readonly tcp: number };
  readonly #server: TestServer;
  readonly #settings: TranslateSettings;
  readonly #model = new ModelStore();
  readonly #endpoints: Server[] = [];
  #addresses = 1;

  private constructor(server: TestServer, envoy: Envoy, settings: TranslateSettings, ports: Loopback['ports']) {
    this.#server = server;
    this.envoy = envoy;
    this.#settings = settings;
    this.ports = ports;
  }

  static async start(wanted: Partial<TranslateSettings> = {}): Promise<Loopback> {
    const listeners = { tcpListenerPort: 0, httpListenerPort: 0, families: ['IPv4'] } as const;
    const settings = { ...defaultSettings, ...listeners, ...wanted };
    const server = await TestServer.start();
    replaceEach(server.cache, commonUnit.translate(new ModelStore(), '', settings).entries);
    const envoy = await Envoy.start(Number(server.address.split(':')[1]), 'DELTA_GRPC', true);
    return new Loopback(server, envoy, settings, { http: await envoy.port('http'), tcp: await envoy.port('tcp') });
  }

  async close(): Promise<void> {
    await this.envoy.stop();
    await this.#server.close();
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  /** A TCP server on a port of its own. */
  async endpoint(serve: (socket: Socket) => void): Promise<number> {
    return this.listen(createServer((socket) => serve(socket.on('error', () => undefined))));
  }

  /** Has a server listen on a port of its own for as long as this stands. */
  async listen(server: Server): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#endpoints.push(server);
    return (server.address() as AddressInfo).port;
  }

  /** Makes a Service `shop/NAME` of endpoints on these ports, and gives its address once Envoy has a way to it. */
  async service(
    name: string,
    appProtocol: AppProtocol,
    targets: readonly number[],
    policy: ServicePolicy = {},
  ): Promise<Address> {
    this.#addresses += 1;
    const address = {
      host: `127.0.0.${this.#addresses}`,
      port: appProtocol === 'tcp' ? this.ports.tcp : this.ports.http,
    };
    this.#apply(name, appProtocol, address, targets, policy);
    const key = `shop/${name}`;
    const { entries, problems } = serviceUnit.translate(this.#model, key, this.#settings);
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    const endpoints = endpointsUnit.translate(this.#model, key, this.#settings).entries;
    replaceEach(this.#server.cache, [...entries, ...endpoints]);
    // Until Envoy has heard of the scope it answers 404; TCP connections wait for their cluster by themselves.
    const isKnown = (answer: string) => !answer.startsWith('HTTP/1.1 404');
    if (appProtocol !== 'tcp') await eventually(`a way to shop/${name}`, () => get(address), isKnown);
    return address;
  }

  #apply(
    name: string,
    appProtocol: AppProtocol,
    { host, port }: Address,
    targets: readonly number[],
    policy: ServicePolicy,
  ): void {
    const ports = [aPort({ name: 'main', port, appProtocol })];
    const slices = targets.map((target, index) => {
      const targetPorts = [{ name: 'main', protocol: 'TCP', port: target }] as const;
      const rest = { ports: targetPorts, endpoints: [anEndpoint('127.0.0.1')] };
      return sliceUpdate(aSlice({ name: `${name}-${index}`, serviceName: name, ...rest }));
    });
    this.#model.apply([serviceUpdate(aService({ name, clusterIPs: [host], ports, policy })), ...slices]);
  }
}

/** Sends text and gives all that comes back until the other side closes. */
export async function exchange(address: Address, sent: string): Promise<string> {
  const socket = connect(address);
  socket.write(sent);
  return text(socket);
}

export function get(address: Address, ...headers: readonly string[]): Promise<string> {
  return exchange(address, ['GET / HTTP/1.1', 'Host: shop', ...headers, 'Connection: close', '', ''].join('\r\n'));
}
