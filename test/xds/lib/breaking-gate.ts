import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that breaks a connection after so many bytes of the server. */
export class BreakingGate {
  /** Port that later connections lead to. */
  target: number;
  readonly #server = createServer((socket) => this.#accept(socket));
  readonly #sockets = new Set<Socket>();
  #budget = Number.POSITIVE_INFINITY;

  private constructor(target: number) {
    this.target = target;
  }

  static async open(target: number): Promise<BreakingGate> {
    const gate = new BreakingGate(target);
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connection, not one that stands. */
  breakNextAfter(bytes: number): void {
    this.#budget = bytes;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    const upstream = connect(this.target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    let left = this.#budget;
    // A server that is not there any more is not the one that was meant.
    upstream.once('connect', () => (this.#budget = Number.POSITIVE_INFINITY));
    client.pipe(upstream);
    upstream.on('data', (data) => {
      client.write(data.subarray(0, Math.min(left, data.length)));
      left -= data.length;
      if (left <= 0) client.destroySoon();
    });
  }
}
