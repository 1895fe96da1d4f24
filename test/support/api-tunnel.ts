import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import type { ProcessGroup } from '../testbed/process.ts';

/** Carries connections from a Unix socket to a port of this machine. */
export async function openTunnel(port: number, path: string): Promise<Server> {
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    pipeline(client, upstream, () => {});
    pipeline(upstream, client, () => {});
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  return server;
}

export interface ForwarderPlace {
  readonly namespace: string;
  readonly name: string;
  readonly directory: string;
  /** Where it listens, on 127.0.0.1 of the namespace. */
  readonly port: number;
  readonly socket: string;
}

/** The end of a tunnel in a network namespace; resolves once it listens. */
export async function startForwarder(group: ProcessGroup, place: ForwarderPlace): Promise<void> {
  let output = '';
  await group.start({
    name: `forwarder of ${place.name}`,
    namespace: place.namespace,
    command: [process.execPath, join(import.meta.dirname, 'forward-main.ts'), String(place.port), place.socket],
    logFile: join(place.directory, `forwarder-${place.name}.log`),
    onOutput: (text) => {
      output += text;
    },
    ready: () => output.endsWith('\n'),
  });
}
