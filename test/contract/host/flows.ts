import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { type ClientRequest, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Echo } from '../../testbed/echo/identity.ts';
import type { Outcome, Place } from './protocol.ts';

/** One flow to a Service as a client sees it. */
export interface Flow {
  /** Sends something and tells what came of it; never rejects. */
  ask(timeoutMs: number): Promise<Outcome>;
  close(): void;
}

export function openFlow(to: Place): Flow {
  switch (to.protocol) {
    case 'tcp':
      return new TcpFlow(to);
    case 'udp':
      return new UdpFlow(to);
    case 'http':
      return new HttpFlow(to);
  }
}

class TcpFlow implements Flow {
  readonly #socket: Socket;
  /** What happened to the connection before anyone asked. */
  #ended: Outcome | undefined;
  #text = '';
  #onEvent = (): void => {};

  constructor({ address, port }: Place) {
    this.#socket = connect({ host: address, port });
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => {
      this.#text += text;
      this.#onEvent();
    });
    this.#socket.on('error', (error) => this.#end(failureOf(error)));
    this.#socket.on('close', () => this.#end({ kind: 'Failed', error: 'closed without an answer' }));
  }

  ask(timeoutMs: number): Promise<Outcome> {
    this.#text = '';
    this.#socket.write('hello\n');
    return within(timeoutMs, (settle) => {
      this.#onEvent = () => {
        if (this.#text.endsWith('\n')) settle(answered(JSON.parse(this.#text) as Echo, this.#socket.localPort));
        else if (this.#ended !== undefined) settle(this.#ended);
      };
      this.#onEvent();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #end(outcome: Outcome): void {
    this.#ended ??= outcome;
    this.#onEvent();
  }
}

let lastUdpPort = 9_999;

/** None twice: connection tracking takes a datagram from a port of half a minute ago for the flow of then. */
function nextUdpPort(): number {
  lastUdpPort = lastUdpPort < 29_999 ? lastUdpPort + 1 : 10_000;
  return lastUdpPort;
}

class UdpFlow implements Flow {
  readonly #socket: UdpSocket;
  readonly #connected: Promise<void>;
  #settle: (outcome: Outcome) => void = () => {};

  constructor({ address, port }: Place) {
    this.#socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    // Connected, so that the kernel tells of ICMP errors.
    this.#connected = new Promise((resolve) => {
      this.#socket.bind(nextUdpPort(), () => this.#socket.connect(port, address, resolve));
    });
    this.#socket.on('error', (error) => this.#settle(failureOf(error)));
    this.#socket.on('message', (message) => {
      this.#settle(answered(JSON.parse(message.toString()) as Echo, this.#socket.address().port));
    });
  }

  async ask(timeoutMs: number): Promise<Outcome> {
    await this.#connected;
    return within(timeoutMs, (settle) => {
      this.#settle = settle;
      this.#socket.send('hello', (error: NodeJS.ErrnoException | null) => {
        // A rule for local output drops or rejects the datagram: an ICMP error, or none, tells which.
        if (error !== null && error.code !== 'EPERM') settle(failureOf(error));
      });
    });
  }

  close(): void {
    this.#socket.close();
  }
}

class HttpFlow implements Flow {
  readonly #to: Place;
  #asked: ClientRequest | undefined;

  constructor(to: Place) {
    this.#to = to;
  }

  ask(timeoutMs: number): Promise<Outcome> {
    const { address, port } = this.#to;
    return within(timeoutMs, (settle) => {
      const asked = request({ host: address, port, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => settle(httpOutcome(response.statusCode ?? 0, text, asked.socket?.localPort)));
      });
      asked.on('error', (error) => settle(failureOf(error)));
      asked.end();
      this.#asked = asked;
    });
  }

  close(): void {
    this.#asked?.destroy();
  }
}

function httpOutcome(status: number, text: string, ownPort: number | undefined): Outcome {
  if (status !== 200) return { kind: 'Failed', error: `HTTP status ${status}: ${text.slice(0, 100)}` };
  return answered(JSON.parse(text) as Echo, ownPort);
}

function answered(echo: Echo, ownPort: number | undefined): Outcome {
  return { kind: 'Answered', by: echo.pod, seenAs: echo.clientAddress, keepsPort: echo.clientPort === ownPort };
}

function failureOf(error: NodeJS.ErrnoException): Outcome {
  if (error.code === 'ECONNREFUSED') return { kind: 'Refused' };
  if (error.code === 'ETIMEDOUT') return { kind: 'TimedOut' };
  return { kind: 'Failed', error: error.code ?? error.message };
}

function within(timeoutMs: number, start: (settle: (outcome: Outcome) => void) => void): Promise<Outcome> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ kind: 'TimedOut' }), timeoutMs);
    start((outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    });
  });
}
