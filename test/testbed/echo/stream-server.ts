import net from 'node:net';
import type { EchoState } from './state.ts';

/** A TCP listener that can stop listening for a while, as a crashed process does. */
export class StreamServer {
  readonly #port: number;
  readonly #state: EchoState;
  readonly #serve: (socket: net.Socket) => void;
  readonly #sockets = new Set<net.Socket>();
  #server: net.Server | undefined;

  constructor(port: number, state: EchoState, serve: (socket: net.Socket) => void) {
    this.#port = port;
    this.#state = state;
    this.#serve = serve;
  }

  /** Port of the listener; differs from the one asked for when that was 0. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : this.#port;
  }

  /** Listens, or stops to and drops its connections, as the fault says. */
  async follow(): Promise<void> {
    if (this.#state.fault.connections === 'refuse') await this.close();
    else if (this.#server === undefined) await this.#listen();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #listen(): Promise<void> {
    const server = net.createServer((socket) => this.#accept(socket));
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: this.#port, host: '::', backlog: 4096 }, resolve);
    });
  }

  #accept(socket: net.Socket): void {
    this.#state.countConnection();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (this.#state.fault.connections === 'reset') socket.resetAndDestroy();
    else if (this.#state.fault.connections !== 'hang') this.#serve(socket);
  }
}
