/**
 * A backend that says who answered and whom it saw: JSON over HTTP (port 8080), one line over TCP (port 9000).
 * `POST /fail` and `POST /recover` on 127.0.0.1:9901 make its HTTP answers errors and well again.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { hostname } from 'node:os';

const pod = process.env['POD_NAME'] ?? hostname();
let failing = false;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const body = { ...whoAndWhom(request.socket), path: request.url };
  response.writeHead(failing ? 500 : 200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

function control(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'POST' && request.url === '/fail') failing = true;
  else if (request.method === 'POST' && request.url === '/recover') failing = false;
  response.end(`${JSON.stringify({ failing })}\n`);
}

function whoAndWhom(socket: Socket): { readonly pod: string; readonly client: string; readonly port: number } {
  const client = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return { pod, client, port: socket.remotePort ?? 0 };
}

createHttpServer(answer).listen(8080);
createHttpServer(control).listen(9901, '127.0.0.1');
createTcpServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.end(`${JSON.stringify(whoAndWhom(socket))}\n`);
}).listen(9000);
// As process 1 of a container it gets no default action for signals.
process.once('SIGTERM', () => process.exit(0));
