import http from 'node:http';
import type net from 'node:net';
import { text } from 'node:stream/consumers';
import { parseFault } from './fault.ts';
import type { EchoState } from './state.ts';

/**
 * `GET /state`: fault and counters; `PUT /fault` with a fault in JSON (`{}`: none); `DELETE /counters`.
 * `faultChanged` resolves when the listeners follow.
 */
export function listenControl(
  address: { readonly host: string; readonly port: number },
  state: EchoState,
  faultChanged: () => Promise<void>,
): Promise<http.Server> {
  const server = http.createServer((request, response) => {
    control(request, state, faultChanged).then(
      (body) => answer(response, body === undefined ? 404 : 200, body ?? { error: 'no such thing' }),
      (error: unknown) => answer(response, 400, { error: String(error) }),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => resolve(server));
  });
}

async function control(
  request: http.IncomingMessage,
  state: EchoState,
  faultChanged: () => Promise<void>,
): Promise<object | undefined> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /state':
      break;
    case 'PUT /fault':
      state.fault = parseFault(await text(request));
      await faultChanged();
      break;
    case 'DELETE /counters':
      state.resetCounters();
      break;
    default:
      return undefined;
  }
  return { ...state.identity, fault: state.fault, ...state.counters };
}

function answer(response: http.ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

export function portOf(server: net.Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
