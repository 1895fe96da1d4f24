// Our ADS server for the benchmarks, with the control port of bench/peers/cmd/gcp-server.
// Usage: ads-server-main.js SIZE     (JSON of ClusterSize)
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OurServer } from './our-server.ts';
import { allUpdates, type ClusterSize, resourceName, sliceUpdate } from './synthetic.ts';

const size = JSON.parse(process.argv[2] ?? '') as ClusterSize;
const counts = { acks: 0, nacks: 0, streams: 0 };
let awaited: { readonly acks: number; readonly reached: () => void } | undefined;
let changes = 0;

const server = new OurServer({
  streamOpened: () => {
    counts.streams += 1;
  },
  acknowledged: () => {
    counts.acks += 1;
    if (awaited !== undefined && counts.acks >= awaited.acks) awaited.reached();
  },
  rejected: () => {
    counts.nacks += 1;
  },
});
server.update(allUpdates(size));
const indexOfName = new Map(Array.from({ length: size.services }, (_, index) => [resourceName(index), index]));

async function change(name: string, acks: number): Promise<number> {
  const index = indexOfName.get(name);
  if (index === undefined) throw new Error(`No Service has the resource ${name}`);
  changes += 1;
  const updates = [sliceUpdate(index, size, changes)];
  const reached = new Promise<void>((resolve) => {
    awaited = { acks: counts.acks + acks, reached: resolve };
    if (acks === 0) resolve();
  });
  const start = performance.now();
  server.update(updates);
  await reached;
  return performance.now() - start;
}

async function answer(request: IncomingMessage): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control');
  if (pathname === '/report') return counts;
  if (pathname === '/change') {
    return { ms: await change(searchParams.get('name') ?? '', Number(searchParams.get('acks'))) };
  }
  throw new Error(`Unknown path ${pathname}`);
}

const control = createServer((request, response) => {
  answer(request).then(
    (body) => response.end(JSON.stringify(body)),
    (error: unknown) => response.writeHead(400).end(String(error)),
  );
});
await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
const { port } = control.address() as AddressInfo;
process.stdout.write(`${JSON.stringify({ xds: await server.listen(), control: `127.0.0.1:${port}` })}\n`);
// An orderly end, so that Node's profilers write their files.
process.once('SIGTERM', () => process.exit(0));
