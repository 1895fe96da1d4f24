import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that can be cut: a stand-in for the network between a client and it. */
export class TcpGate {
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#accept(socket));
  #open = true;
  #refused = 0;

  private constructor(target: number) {
    this.#target = target;
  }

  static async open(targetPort: number): Promise<TcpGate> {
    const gate = new TcpGate(targetPort);
    await new Promise<void>((resolve) => gate.#server.listen(0, '127.0.0.1', resolve));
    return gate;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that were refused since the gate was last cut. */
  get refused(): number {
    return this.#refused;
  }

  /** Resets all connections and lets none through until it is mended. */
  cut(): void {
    this.#open = false;
    this.#refused = 0;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend(): void {
    this.#open = true;
  }

  /** Lets connections live, but no byte through any more: what a machine that vanished looks like. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    if (!this.#open) {
      this.#refused += 1;
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.#target, '127.0.0.1');
    this.#join(client, server);
    this.#join(server, client);
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.pipe(to);
  }
}
