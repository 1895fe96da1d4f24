// Plays one exchange of HTTP/1.x between a client and a server that both speak as scripted, and tells what each received.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Address } from '../support/loopback.ts';
import { type Http1Message, isInterim, messagesOf } from './http1-message.ts';

/** What one side does next, once it has received a text. */
export interface Step {
  readonly by: 'Client' | 'Server';
  /** What this side must have received before; the server waits for the end of the first head if nothing is said. */
  readonly after?: string;
  readonly send?: string;
  readonly close?: 'End' | 'Reset';
}

export interface Http1Exchange {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Methods of the requests in order, which say how answers are framed; GET. */
  readonly methods?: readonly string[];
}

export interface Http1Outcome {
  readonly server: readonly Http1Message[];
  readonly client: readonly Http1Message[];
  /** How the client's connection ended before all answers were there. */
  readonly broken: string | undefined;
}

/** Gives scripted connections their turn: the exchange that is being played answers each connection. */
export class ScriptedServer {
  #received = '';
  #steps: readonly Step[] = [];
  readonly #sockets = new Set<Socket>();

  /** For {@link Loopback.endpoint}. */
  readonly serve = (socket: Socket): void => {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const play = player(socket, this.#steps, '\r\n\r\n');
    let ofConnection = '';
    socket.on('data', (data) => {
      ofConnection += data.toString('latin1');
      // That of a test that waits for its way to stand.
      if (this.#steps.length === 0) return socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      this.#received += data.toString('latin1');
      return play(ofConnection);
    });
  };

  begin(steps: readonly Step[]): void {
    this.#received = '';
    this.#steps = steps.filter(({ by }) => by === 'Server');
  }

  end(): string {
    this.#steps = [];
    for (const socket of this.#sockets) socket.destroy();
    return this.#received;
  }
}

/** Takes steps as their texts are received. */
function player(socket: Socket, steps: readonly Step[], firstAfter: string): (received: string) => void {
  const waiting = [...steps];
  let isFirst = true;
  return (received) => {
    for (let step = waiting[0]; step !== undefined; step = waiting[0]) {
      if (!received.includes(step.after ?? (isFirst ? firstAfter : ''))) return;
      waiting.shift();
      isFirst = false;
      if (step.send !== undefined) socket.write(step.send, 'latin1');
      if (step.close === 'End') socket.end();
      if (step.close === 'Reset') socket.resetAndDestroy();
    }
  };
}

/** An exchange that comes to no end within this time is told as it is by then. */
const longestMs = 2000;

export async function play(
  { steps, methods = ['GET'] }: Http1Exchange,
  server: ScriptedServer,
  address: Address,
): Promise<Http1Outcome> {
  server.begin(steps);
  const socket = connect(address);
  let received = '';
  let end: string | undefined;
  const next = player(
    socket,
    steps.filter(({ by }) => by === 'Client'),
    '',
  );
  const answers = () => messagesOf(received, methods, end !== undefined);
  const isDone = () =>
    answers().filter(
      ({ startLine, isComplete, framing }) => isComplete && !isInterim(startLine) && framing !== 'Tunnel',
    ).length >= methods.length;
  const timeout = setTimeout(() => socket.destroy(new Error('no end')), longestMs);
  socket.on('connect', () => next(received));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end = error.code === 'ECONNRESET' ? 'reset' : error.message;
  });
  socket.on('end', () => {
    end ??= 'closed';
  });
  socket.on('data', (data) => {
    received += data.toString('latin1');
    next(received);
    if (isDone()) socket.destroy();
  });
  await once(socket, 'close').catch(() => undefined);
  clearTimeout(timeout);
  const client = answers();
  return {
    server: messagesOf(server.end(), undefined, true),
    client,
    broken: isDone() ? undefined : end,
  };
}
