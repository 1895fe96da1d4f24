#!/usr/bin/env node
/**
 * Opens connections one after the other (or sends datagrams from a new port each) and prints what came of them as JSON.
 *
 *   node test/agent/support/dial.ts tcp 10.96.0.10 80 20 2000
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

/** `echo`: what the server said of itself and of whom it saw. */
export type DialResult = { readonly echo: Echo } | { readonly error: string };

export interface Echo {
  readonly pod: string;
  readonly clientAddress: string;
  readonly clientPort: number;
}

const [protocol = 'tcp', host = '', port = '0', count = '1', timeoutMs = '2000'] = process.argv.slice(2);
const dial = protocol === 'tcp' ? dialTcp : dialUdp;
const results: DialResult[] = [];
for (let index = 0; index < Number(count); index += 1) results.push(await dial());
process.stdout.write(JSON.stringify(results));

function dialTcp(): Promise<DialResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    const timer = setTimeout(() => finish({ error: 'TIMEOUT' }), Number(timeoutMs));
    const finish = (result: DialResult): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    let text = '';
    socket.on('connect', () => socket.write('hello\n'));
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (text.includes('\n')) finish({ echo: JSON.parse(text) as Echo });
    });
    socket.on('error', (error: NodeJS.ErrnoException) => finish({ error: error.code ?? error.message }));
    socket.on('close', () => finish({ error: 'CLOSED' }));
  });
}

function dialUdp(): Promise<DialResult> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const timer = setTimeout(() => finish({ error: 'TIMEOUT' }), Number(timeoutMs));
    const finish = (result: DialResult): void => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    socket.on('message', (message) => finish({ echo: JSON.parse(message.toString()) as Echo }));
    socket.on('error', (error: NodeJS.ErrnoException) => finish({ error: error.code ?? error.message }));
    socket.connect(Number(port), host, () => socket.send('hello'));
  });
}
