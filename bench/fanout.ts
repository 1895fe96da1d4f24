// One endpoint of one Service changes while 1,000 nodes use that Service: until all of them have acknowledged it, what
// does it cost the control plane? The same on go-control-plane.
import { openAndSettle, subscriptionsTo, withLoad } from './lib/compare.ts';
import { quiet, type Usage } from './lib/process.ts';
import { type Measurement, report } from './lib/report.ts';
import { resourcesFile } from './lib/resources-file.ts';
import { buildPeers, type ServerProcess, startOurs, startPeer } from './lib/server-process.ts';
import { percentile } from './lib/statistics.ts';
import { type ClusterSize, resourceName } from './lib/synthetic.ts';

const size: ClusterSize = {
  services: 10_000,
  endpointsPerService: 10,
  appProtocol: 'http',
  nodes: ['node-0', 'node-1'],
};
const streams = 1_000;
const warmUpRounds = 20;
const rounds = 100;
const changed = resourceName(0);

interface Outcome {
  /** Milliseconds from each change to its last acknowledgement. */
  readonly times: readonly number[];
  readonly cpuMsPerChange: number;
  readonly usage: Usage;
}

/** Each stream subscribes to the clusters and endpoints of so many Services; the one that changes is among them. */
async function fanOut(start: () => Promise<ServerProcess>, services: number): Promise<Outcome> {
  return withLoad(start, async (server, load) => {
    await openAndSettle(server, load, { streams, subscriptions: subscriptionsTo(services) });
    for (let round = 0; round < warmUpRounds; round += 1) await server.change(changed, streams);
    const { responses } = await load.stats();
    const before = await quiet(server.pid);
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) times.push(await server.change(changed, streams));
    const usage = await quiet(server.pid);
    await load.await(responses + rounds * streams);
    return { times, cpuMsPerChange: ((usage.cpuSeconds - before.cpuSeconds) * 1000) / rounds, usage };
  });
}

function measurements(services: number, ours: Outcome, peer: Outcome): readonly Measurement[] {
  const subject = `${streams} streams of ${services} Service${services === 1 ? '' : 's'}`;
  const compare = (what: string, unit: string, of: (outcome: Outcome) => number, goal: boolean): Measurement => ({
    what: `${subject}: ${what}`,
    unit,
    ours: of(ours),
    peer: of(peer),
    ...(goal ? { goal: { atMost: 'peer' } } : {}),
  });
  return [
    compare('change to last ACK, p50', 'ms', (outcome) => percentile(outcome.times, 50), false),
    compare('change to last ACK, p99', 'ms', (outcome) => percentile(outcome.times, 99), false),
    compare('CPU of the server per change', 'ms', (outcome) => outcome.cpuMsPerChange, true),
    compare('RSS of the server at the end', 'MiB', (outcome) => outcome.usage.rssMiB, true),
    compare('peak RSS of the server', 'MiB', (outcome) => outcome.usage.peakMiB, true),
  ];
}

buildPeers();
const file = resourcesFile(size);
const all: Measurement[] = [];
for (const services of [1, 100]) {
  const ours = await fanOut(() => startOurs(size), services);
  const peer = await fanOut(() => startPeer(file), services);
  all.push(...measurements(services, ours, peer));
}
report('fanout', all);
