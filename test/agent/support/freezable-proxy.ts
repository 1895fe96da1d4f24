import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy that can stop passing anything on, as a network does that is cut: nothing is closed, nothing answers. */
export class FreezableProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: () => number;
  /** Passed on from the client and to it. */
  bytesUp = 0;
  bytesDown = 0;
  #isFrozen = false;

  /** @param target the port, asked for each connection */
  constructor(target: () => number) {
    this.#target = target;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  }

  freeze(): void {
    this.#isFrozen = true;
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  /** What is connected from now on is passed on. */
  thaw(): void {
    this.#isFrozen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.#track(socket);
    if (this.#isFrozen) return;
    const upstream = this.#track(connect(this.#target(), '127.0.0.1'));
    socket.pipe(upstream).pipe(socket);
    socket.on('data', (bytes: Buffer) => {
      this.bytesUp += bytes.length;
    });
    upstream.on('data', (bytes: Buffer) => {
      this.bytesDown += bytes.length;
    });
    socket.on('close', () => upstream.destroy());
    upstream.on('close', () => socket.destroy());
  }

  #track(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
