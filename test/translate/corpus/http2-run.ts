// Plays one exchange of HTTP/2 between a client and a server, and tells what each received.
import { once } from 'node:events';
import http2, { type ClientHttp2Stream, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Address } from '../support/loopback.ts';

export interface Http2Exchange {
  readonly name: string;
  readonly headers: OutgoingHttpHeaders;
  /** What the client does with its stream; it ends it if nothing is said. */
  readonly client?: (stream: ClientHttp2Stream) => void;
  readonly server: (stream: ServerHttp2Stream) => void;
}

/** What one side received of a stream. */
export interface Http2Received {
  /** Of each block of headers: interim answers and the answer itself, or the request. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  /** `ended`, or the name of the error code of the reset. */
  readonly end: string;
}

export interface Http2Outcome {
  readonly server: readonly Http2Received[];
  readonly client: Http2Received;
}

class Receiver {
  readonly headers: string[] = [];
  body = '';
  readonly trailers: string[] = [];
  end = 'no end';

  watch(stream: ClientHttp2Stream | ServerHttp2Stream): void {
    let hasEnded = false;
    stream.on('error', () => undefined);
    stream.on('data', (data: Buffer) => {
      this.body += data.toString('latin1');
    });
    stream.on('trailers', (_: unknown, __: unknown, raw: readonly string[]) => this.trailers.push(...linesOf(raw)));
    stream.on('end', () => {
      hasEnded = !stream.aborted;
    });
    stream.on('close', () => {
      this.end = stream.rstCode !== 0 ? codeName(stream.rstCode ?? 0) : hasEnded ? 'ended' : 'closed';
    });
  }
}

function linesOf(raw: readonly string[]): readonly string[] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${raw[index + 1]}`] : []));
}

/** Error codes by number (RFC 9113, 7). */
const codes = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
];

function codeName(code: number): string {
  return codes[code] ?? `code ${code}`;
}

/** Answers each stream as the exchange that is being played says. */
export class Http2Script {
  readonly server = http2.createServer({ settings: { enableConnectProtocol: true } });
  #current: Http2Exchange | undefined;
  #received: Receiver[] = [];

  constructor() {
    this.server.on('sessionError', () => undefined);
    this.server.on('stream', (stream: ServerHttp2Stream, _headers: unknown, _flags: number, raw: readonly string[]) => {
      const receiver = new Receiver();
      receiver.headers.push(...linesOf(raw));
      receiver.watch(stream);
      // That of a test that waits for its way to stand.
      if (this.#current === undefined) {
        stream.respond({ ':status': 200 }, { endStream: true });
        return;
      }
      this.#received.push(receiver);
      this.#current.server(stream);
    });
  }

  begin(exchange: Http2Exchange): void {
    this.#current = exchange;
    this.#received = [];
  }

  /** Whether every stream that has begun is closed. */
  get hasEnded(): boolean {
    return this.#received.every(({ end }) => end !== 'no end');
  }

  end(): readonly Http2Received[] {
    this.#current = undefined;
    return this.#received;
  }
}

const longestMs = 2000;

export async function playHttp2(exchange: Http2Exchange, script: Http2Script, address: Address): Promise<Http2Outcome> {
  script.begin(exchange);
  const session = http2.connect(`http://${address.host}:${address.port}`);
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  const stream = session.request(exchange.headers, { endStream: false });
  const received = new Receiver();
  received.watch(stream);
  for (const event of ['headers', 'response'] as const) {
    stream.on(event, (_: unknown, __: number, raw?: readonly string[]) => received.headers.push(...linesOf(raw ?? [])));
  }
  const timeout = setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), longestMs);
  (exchange.client ?? ((own) => own.end()))(stream);
  await once(stream, 'close').catch(() => undefined);
  clearTimeout(timeout);
  session.close();
  while (!script.hasEnded) await new Promise((resolve) => setImmediate(resolve));
  return { server: script.end(), client: received };
}
