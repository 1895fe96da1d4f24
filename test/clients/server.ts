// Answers what the clients of other languages ask, over HTTP/1.1 and over HTTP/2 with prior knowledge.
import { createHash } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2 from 'node:http2';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';

type Request = IncomingMessage | http2.Http2ServerRequest;
type Response = ServerResponse | http2.Http2ServerResponse;

export function http1Server(): http.Server {
  const shouldUpgradeCallback = ({ headers }: IncomingMessage) => headers.upgrade === 'websocket';
  const server = http.createServer({ shouldUpgradeCallback }, (request, response) => void answer(request, response));
  server.on('upgrade', acceptWebSocket);
  return server;
}

export function http2Server(): http2.Http2Server {
  return http2.createServer((request, response) => void answer(request, response));
}

async function answer(request: Request, response: Response): Promise<void> {
  const body = await text(request);
  const [, first, second] = (request.url ?? '').split(/[/?]/);
  if (first === 'status') return end(response, Number(second), '');
  if (first === 'large') return end(response, 200, 'x'.repeat(1_000_000));
  if (first === 'close') response.setHeader('x-closes', 'yes');
  if (first === 'close' && response instanceof http.ServerResponse) response.setHeader('connection', 'close');
  if (first === 'reason' && response instanceof http.ServerResponse) response.statusMessage = 'All Is Well';
  if (first === 'early-hints') response.writeEarlyHints({ link: '</a.css>; rel=preload' });
  if (first === 'chunks') (response as ServerResponse).write('one ');
  if (first === 'trailers') return withTrailers(request, response);
  return end(response, 200, `${request.method} ${request.url} ${body}`);
}

function withTrailers(request: Request, response: Response): void {
  response.setHeader('trailer', 'X-Sum');
  (response as ServerResponse).write(`trailer ${request.trailers['x-sum']}`);
  response.addTrailers({ 'X-Sum': '7' });
  response.end();
}

function end(response: Response, status: number, body: string): void {
  response.statusCode = status;
  response.end(body);
}

/** Echoes one short text frame. */
function acceptWebSocket(request: IncomingMessage, socket: Duplex): void {
  const key = request.headers['sec-websocket-key'];
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.on('error', () => undefined);
  socket.write(`${[...head, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
  socket.once('data', (frame: Buffer) => {
    const mask = frame.subarray(2, 6);
    const data = frame.subarray(6).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    socket.write(Buffer.concat([Buffer.from([0x81, data.length]), data]));
  });
}
