#!/usr/bin/env node
/**
 * Says who answered and whom it saw: HTTP/1.1, WebSocket, HTTP/2 without TLS and gRPC on one port, lines over TCP,
 * datagrams over UDP. Its control port makes it fail. Prints its ports as one line of JSON once it serves.
 *
 *   node test/testbed/echo-server.ts --http 8080 --tcp 9000 --udp 9000 --control 127.0.0.1:9901
 */
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { listenControl, portOf } from './echo/control.ts';
import { serveHttp } from './echo/http.ts';
import { EchoState } from './echo/state.ts';
import { StreamServer } from './echo/stream-server.ts';
import { serveTcp } from './echo/tcp.ts';
import { listenUdp } from './echo/udp.ts';

const { values } = parseArgs({
  options: {
    pod: { type: 'string', default: process.env['POD_NAME'] ?? hostname() },
    node: { type: 'string', default: process.env['NODE_NAME'] ?? '' },
    http: { type: 'string' },
    tcp: { type: 'string' },
    udp: { type: 'string' },
    control: { type: 'string' },
  },
});

const state = new EchoState({ pod: values.pod, node: values.node });
const httpServer =
  values.http === undefined ? undefined : new StreamServer(Number(values.http), state, serveHttp(state));
const tcpServer = values.tcp === undefined ? undefined : new StreamServer(Number(values.tcp), state, serveTcp(state));
const servers = [httpServer, tcpServer].filter((server) => server !== undefined);
const followFault = async () => {
  await Promise.all(servers.map((server) => server.follow()));
};

await followFault();
const udp = values.udp === undefined ? undefined : await listenUdp(Number(values.udp), state);
const control =
  values.control === undefined ? undefined : await listenControl(parseAddress(values.control), state, followFault);
const ports = {
  http: httpServer?.port,
  tcp: tcpServer?.port,
  udp: udp?.address().port,
  control: control && portOf(control),
};
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.once('SIGTERM', () => process.exit(0));

function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}
