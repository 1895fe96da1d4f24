import http from 'node:http';
import http2 from 'node:http2';
import type net from 'node:net';
import { setTimeout as delayFor } from 'node:timers/promises';
import { forward } from './forward.ts';
import { echoOf } from './identity.ts';
import type { EchoState } from './state.ts';
import { acceptWebSocket } from './websocket.ts';

type Request = http.IncomingMessage | http2.Http2ServerRequest;
type Response = http.ServerResponse | http2.Http2ServerResponse;

const http2Preface = 'PRI * HTTP/2.0';

/** HTTP/1.1, WebSocket upgrades and HTTP/2 without TLS on one port, told apart by the first bytes. */
export function serveHttp(state: EchoState): (socket: net.Socket) => void {
  const answer = (request: Request, response: Response) => {
    handle(state, request, response).catch((error: unknown) => fail(response, error));
  };
  const oldServer = http.createServer({ keepAliveTimeout: 60_000 }, answer);
  oldServer.on('upgrade', acceptWebSocket);
  const newServer = http2.createServer({}, answer);
  newServer.on('sessionError', () => {});
  return (socket) => {
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      const server = first.toString('latin1').startsWith(http2Preface) ? newServer : oldServer;
      server.emit('connection', socket);
      if (server === oldServer) socket.resume();
    });
  };
}

/** `?delay=MS` and `?status=CODE` ask for one answer of that kind; the server's fault comes before them. */
async function handle(state: EchoState, request: Request, response: Response): Promise<void> {
  state.requestBegan();
  try {
    const body = await bodyOf(request);
    const url = new URL(request.url ?? '/', 'http://echo');
    await delayFor(state.fault.delay ?? Number(url.searchParams.get('delay') ?? 0));
    const status = state.fault.status ?? Number(url.searchParams.get('status') ?? 200);
    const next = url.pathname === '/forward' ? await forward(url.searchParams.get('to') ?? '', request) : undefined;
    if (isGrpc(request)) answerGrpc(response, status, body);
    else answerJson(response, status, { ...describe(state, request), next });
  } finally {
    state.requestEnded();
  }
}

function describe(state: EchoState, request: Request): object {
  const { method, url, httpVersion, headers } = request;
  const echo = echoOf(state.identity, request.socket.remoteAddress, request.socket.remotePort);
  return { ...echo, method, path: url, httpVersion, headers };
}

async function bodyOf(request: Request): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function answerJson(response: Response, status: number, body: object): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify(body)}\n`);
}

function isGrpc(request: Request): boolean {
  return request.headers['content-type']?.startsWith('application/grpc') ?? false;
}

/** Any unary method: the answer is the request's message. Status 14 (UNAVAILABLE) stands for every HTTP error. */
function answerGrpc(response: Response, status: number, message: Buffer): void {
  response.setHeader('content-type', 'application/grpc');
  response.addTrailers({ 'grpc-status': status >= 400 ? '14' : '0' });
  response.end(status >= 400 ? Buffer.alloc(0) : message);
}

function fail(response: Response, error: unknown): void {
  if (response.headersSent) response.socket?.destroy();
  else answerJson(response, 502, { error: String(error) });
}
