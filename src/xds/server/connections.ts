import { once } from 'node:events';
import { createServer, type ListenOptions, type Server as NetServer, type Socket } from 'node:net';
import { parseHostPort } from '../../base/host-port.ts';
import { PeerCounts, sharedAddress } from './peers.ts';

export interface BoundAddress {
  /** As given to `listen`, with the port that was chosen. */
  readonly address: string;
  /** 0 for a Unix socket. */
  readonly port: number;
}

export interface ConnectionsOptions {
  readonly total: number;
  readonly perPeer: number;
  readonly onRefused: (limit: 'connections' | 'connectionsPerPeer', peer: string, reason: string) => void;
}

/**
 * The sockets under the gRPC server. They are kept here because a gRPC call can only be ended politely, behind what
 * waits to be written: a client that does not read has to be cut off by its socket.
 */
export class Connections {
  readonly #listeners: NetServer[] = [];
  readonly #sockets = new Map<string, Socket>();
  readonly #ofPeer = new PeerCounts();
  readonly #options: ConnectionsOptions;
  #unnamed = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#sockets.size;
  }

  /**
   * @param address `host:port`, `[host]:port` or `unix:path`
   * @throws when the address is of another form or cannot be bound
   */
  async listen(address: string, accept: (socket: Socket) => void): Promise<BoundAddress> {
    const listener = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#add(socket, accept));
    listener.listen(listenOptions(address));
    this.#listeners.push(listener);
    await once(listener, 'listening');
    const bound = listener.address();
    if (bound === null || typeof bound === 'string') return { address, port: 0 };
    return { address: `${address.slice(0, address.lastIndexOf(':'))}:${bound.port}`, port: bound.port };
  }

  /** @param peer as gRPC names it; clients on a Unix socket have no name and stay */
  cutOff(peer: string): void {
    this.#sockets.get(peer)?.destroy();
  }

  stopListening(): void {
    for (const listener of this.#listeners.splice(0)) listener.close();
  }

  /** Resolves when all sockets are closed; those that are not after `graceMs` are cut off. */
  async closed(graceMs: number): Promise<void> {
    const sockets = [...this.#sockets.values()];
    const all = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    const force = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, graceMs);
    await all;
    clearTimeout(force);
  }

  #add(socket: Socket, accept: (socket: Socket) => void): void {
    this.#unnamed += 1;
    const { remoteAddress, remotePort } = socket;
    const peer = remoteAddress === undefined ? `unnamed ${this.#unnamed}` : `${remoteAddress}:${remotePort}`;
    const host = remoteAddress ?? peer;
    socket.on('error', () => socket.destroy());
    if (this.#isRefused(host, peer)) {
      socket.destroy();
      return;
    }
    this.#sockets.set(peer, socket);
    this.#ofPeer.add(host, 1);
    socket.once('close', () => {
      this.#sockets.delete(peer);
      this.#ofPeer.add(host, -1);
    });
    accept(socket);
  }

  #isRefused(host: string, peer: string): boolean {
    const { total, perPeer, onRefused } = this.#options;
    if (this.#sockets.size >= total) onRefused('connections', peer, `More than ${total} connections`);
    else if (this.#ofPeer.of(host) >= perPeer) {
      onRefused('connectionsPerPeer', peer, `More than ${perPeer} connections of ${host}; ${sharedAddress}`);
    } else return false;
    return true;
  }
}

function listenOptions(address: string): ListenOptions {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) };
  const parsed = parseHostPort(address);
  if (parsed === undefined || parsed.host === '') {
    throw new Error(`${address} is not an address to listen on: expected host:port, [IPv6]:port or unix:path`);
  }
  return { host: parsed.host, port: parsed.port };
}
