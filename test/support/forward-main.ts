/**
 * Listens on 127.0.0.1 of the network namespace it runs in and carries each connection to a Unix socket, which namespaces
 * do not divide: `forward-main.ts PORT PATH`. Prints a line once it listens.
 */
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';

const [port = '', path = ''] = process.argv.slice(2);

createServer((client) => {
  const server = connect(path);
  pipeline(client, server, () => {});
  pipeline(server, client, () => {});
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'));
