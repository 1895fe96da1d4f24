// Our ADS server for the benchmarks, with the control port of bench/peers/cmd/gcp-server.
// Usage: ads-server-main.js SIZE     (JSON of ClusterSize)
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ModelUpdate } from '../../src/model/model.ts';
import { typeUrls } from '../../src/resources/type-urls.ts';
import type { AdsEvents } from '../../src/xds/server/ads-events.ts';
import { AckTimer } from './ack-times.ts';
import { both, OurServer } from './our-server.ts';
import { percentile } from './statistics.ts';
import { allUpdates, type ClusterSize, daemonSetMove, resourceName, sliceUpdate } from './synthetic.ts';

const size = JSON.parse(process.argv[2] ?? '') as ClusterSize;
const counts = { acks: 0, nacks: 0, streams: 0, responses: 0 };
let awaited: { readonly acks: number; readonly reached: () => void } | undefined;
let changes = 0;

const timer = new AckTimer();
const counting: AdsEvents = {
  streamOpened: () => {
    counts.streams += 1;
  },
  acknowledged: () => {
    counts.acks += 1;
    if (awaited !== undefined && counts.acks >= awaited.acks) awaited.reached();
  },
  responseSent: () => {
    counts.responses += 1;
  },
  rejected: () => {
    counts.nacks += 1;
  },
};
const server = new OurServer(both(counting, timer.events));
const startedAt = performance.now();
server.update(allUpdates(size));
const readyMs = performance.now() - startedAt;
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

/** Endpoints of random Services move, so many a second; the changes that are due are applied together. */
async function churn(rate: number, seconds: number): Promise<unknown> {
  await server.settled();
  timer.clear();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const lags: number[] = [];
  for (let done = 0; done < rate * seconds; ) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const due = Math.min(rate * seconds, Math.floor(((performance.now() - start) * rate) / 1000));
    if (due === done) continue;
    lags.push(performance.now() - start - ((done + 1) * 1000) / rate);
    server.update(Array.from({ length: due - done }, () => randomMove()));
    done = due;
  }
  await server.settled();
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    endpoints: timer.of(typeUrls.endpoint),
    views: timer.of(typeUrls.serviceView),
    cpuMsPerChange: (user + system) / 1000 / (rate * seconds),
    seconds: (performance.now() - start) / 1000,
    lagP99: percentile(lags, 99),
  };
}

function randomMove(): ModelUpdate {
  changes += 1;
  return sliceUpdate(Math.floor(Math.random() * size.services), size, changes);
}

/** The endpoint of one node of the DaemonSet moves. */
async function moveOnNode(node: number): Promise<unknown> {
  if (size.daemonSet === undefined) throw new Error('There is no DaemonSet');
  await server.settled();
  changes += 1;
  const { responses } = counts;
  const cpuBefore = process.cpuUsage();
  server.update([daemonSetMove(node, size.daemonSet, changes)]);
  await server.settled();
  const { user, system } = process.cpuUsage(cpuBefore);
  return { cpuMs: (user + system) / 1000, responses: counts.responses - responses };
}

async function answer(request: IncomingMessage): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control');
  if (pathname === '/report') return { ...counts, readyMs };
  if (pathname === '/change') {
    return { ms: await change(searchParams.get('name') ?? '', Number(searchParams.get('acks'))) };
  }
  if (pathname === '/churn') return churn(Number(searchParams.get('rate')), Number(searchParams.get('seconds')));
  if (pathname === '/move-on-node') return moveOnNode(Number(searchParams.get('node')));
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
