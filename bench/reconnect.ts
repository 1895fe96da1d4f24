// A controller restarts (or another replica takes over): 1,000 nodes come back at once, each with the names and
// versions of 10,000 resources that it holds. Nothing has changed, so nothing should be sent.
import { openAndSettle, probe, subscriptionsTo } from './lib/compare.ts';
import { quiet, type Usage } from './lib/process.ts';
import { type Measurement, report } from './lib/report.ts';
import { resourcesFile } from './lib/resources-file.ts';
import { buildPeers, type ServerProcess, startOurs, startPeer } from './lib/server-process.ts';
import type { ClusterSize } from './lib/synthetic.ts';
import { type LoadStats, XdsLoad } from './lib/xds-load.ts';

const size: ClusterSize = {
  services: 10_000,
  endpointsPerService: 10,
  appProtocol: 'http',
  nodes: ['node-0', 'node-1'],
};
const streams = 1_000;
/** A cluster and its endpoints each: 10,000 resources. */
const subscriptions = subscriptionsTo(5_000);
const resources = subscriptions.reduce((sum, { names }) => sum + names.length, 0);

interface Outcome {
  readonly ms: number;
  readonly stats: LoadStats;
  readonly usage: Usage;
}

async function reconnect(start: () => Promise<ServerProcess>): Promise<Outcome> {
  const load = await XdsLoad.start();
  let server = await start();
  try {
    await openAndSettle(server, load, { streams: 1, subscriptions });
    await load.close();
    await server.stop();
    server = await start();
    const { ms } = await load.reconnect({ address: server.address, streams, subscriptions, probe });
    const usage = await quiet(server.pid);
    return { ms, stats: await load.stats(), usage };
  } finally {
    await Promise.all([load.stop(), server.stop()]);
  }
}

function measurements(ours: Outcome, peer: Outcome): readonly Measurement[] {
  const subject = `${streams} streams, ${resources} known resources`;
  return [
    {
      what: `${subject}: resource bytes re-sent`,
      unit: 'bytes',
      ours: ours.stats.resource_bytes,
      peer: peer.stats.resource_bytes,
      goal: { equals: 0 },
    },
    { what: `${subject}: until all are answered`, unit: 'ms', ours: ours.ms, peer: peer.ms },
    { what: `${subject}: CPU of the server`, unit: 's', ours: ours.usage.cpuSeconds, peer: peer.usage.cpuSeconds },
    { what: `${subject}: RSS of the server at the end`, unit: 'MiB', ours: ours.usage.rssMiB, peer: peer.usage.rssMiB },
    { what: `${subject}: peak RSS of the server`, unit: 'MiB', ours: ours.usage.peakMiB, peer: peer.usage.peakMiB },
  ];
}

buildPeers();
const file = resourcesFile(size);
const ours = await reconnect(() => startOurs(size));
const peer = await reconnect(() => startPeer(file));
report('reconnect', measurements(ours, peer));
