#!/usr/bin/env node
/**
 * A host of the contract's tests: an endpoint that says who it is and whom it saw, and a client that takes orders over a Unix
 * socket, which network namespaces do not divide. Prints a line once it serves.
 *
 *   node test/contract/host/host-main.ts p1a node1 /tmp/p1a.sock
 */
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { serveHttp } from '../../testbed/echo/http.ts';
import { EchoState } from '../../testbed/echo/state.ts';
import { StreamServer } from '../../testbed/echo/stream-server.ts';
import { serveTcp } from '../../testbed/echo/tcp.ts';
import { listenUdp } from '../../testbed/echo/udp.ts';
import { Client } from './client.ts';
import { echoPorts } from './ports.ts';
import type { Numbered, Order, Reply } from './protocol.ts';

const [name = '', node = '', path = ''] = process.argv.slice(2);

await serveEcho(name, echoPorts.tcp);
// The same pod by another port tells of the port.
await serveEcho(`${name}:other`, echoPorts.other);
const http = new EchoState({ pod: name, node });
await new StreamServer(echoPorts.http, http, serveHttp(http)).follow();
const client = new Client();
createServer(takeOrders).listen(path, () => process.stdout.write('ready\n'));
process.once('SIGTERM', () => process.exit(0));

async function serveEcho(pod: string, port: number): Promise<void> {
  const state = new EchoState({ pod, node });
  await new StreamServer(port, state, serveTcp(state)).follow();
  await listenUdp(port, state);
}

function takeOrders(socket: Socket): void {
  createInterface({ input: socket }).on('line', async (line) => {
    const { number, content } = JSON.parse(line) as Numbered<Order>;
    const reply = await client.follow(content).catch((error): Reply => ({ kind: 'Broken', error: String(error) }));
    socket.write(`${JSON.stringify({ number, content: reply })}\n`);
  });
}
