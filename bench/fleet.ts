// A cluster of 1,000 nodes (with LARGE=1 also 5,000) whose endpoints change 200 times a second: how long from an event to the
// acknowledgement of the nodes concerned, how long does an on-demand answer take meanwhile, and what does it cost? With one
// controller and with three.
import { Fleet, type FleetShape, type OnDemandTimes } from './lib/fleet.ts';
import { quiet, type Usage } from './lib/process.ts';
import { type Measurement, report } from './lib/report.ts';
import { buildPeers, type ChurnReport, type ServerProcess, startOurs } from './lib/server-process.ts';
import type { ClusterSize } from './lib/synthetic.ts';

const size: ClusterSize = {
  services: 10_000,
  endpointsPerService: 10,
  appProtocol: 'tcp',
  nodes: ['node-0', 'node-1'],
};
const changesPerSecond = 200;
const seconds = 20;
const onDemandPerSecond = 20;

interface Outcome {
  readonly openMs: number;
  readonly churns: readonly ChurnReport[];
  readonly onDemand: OnDemandTimes;
  readonly usages: readonly Usage[];
}

async function churn(nodes: number, controllers: number): Promise<Outcome> {
  const fleet = await Fleet.start();
  const servers: ServerProcess[] = [];
  try {
    for (let index = 0; index < controllers; index += 1) servers.push(await startOurs(size));
    const shape: FleetShape = { nodes, services: size.services, used: 50, envoys: true, agents: true };
    const { ms: openMs } = await fleet.open(
      servers.map(({ address }) => address),
      shape,
    );
    for (const { pid } of servers) await quiet(pid);
    const [onDemand, ...churns] = await Promise.all([
      fleet.probe(onDemandPerSecond, seconds),
      ...servers.map((server) => server.churn(changesPerSecond, seconds)),
    ]);
    return { openMs, churns, onDemand, usages: servers.map((server) => server.usage()) };
  } finally {
    await Promise.all([fleet.stop(), ...servers.map((server) => server.stop())]);
  }
}

function measurements(nodes: number, controllers: number, outcome: Outcome): readonly Measurement[] {
  const subject = `${nodes} nodes, ${controllers} controller${controllers === 1 ? '' : 's'}`;
  const worst = (of: (churn: ChurnReport) => number) => Math.max(...outcome.churns.map(of));
  const ms = (what: string, ours: number, goal?: Measurement['goal']): Measurement => ({
    what: `${subject}: ${what}`,
    unit: 'ms',
    ours,
    ...(goal === undefined ? {} : { goal }),
  });
  return [
    ms('until all hold everything', outcome.openMs),
    ms(
      'event to ACK of endpoints, p50',
      worst(({ endpoints }) => endpoints.p50),
    ),
    ms(
      'event to ACK of endpoints, p99',
      worst(({ endpoints }) => endpoints.p99),
    ),
    ms(
      'event to ACK of views, p50',
      worst(({ views }) => views.p50),
    ),
    ms(
      'event to ACK of views, p99',
      worst(({ views }) => views.p99),
    ),
    ms('on-demand answer, p50', outcome.onDemand.p50),
    ms('on-demand answer, p99', outcome.onDemand.p99, nodes === 1_000 ? { below: 100 } : undefined),
    ms(
      'delay of the changes themselves, p99',
      worst(({ lagP99 }) => lagP99),
    ),
    ms(
      'CPU of a controller per change',
      worst(({ cpuMsPerChange }) => cpuMsPerChange),
    ),
    {
      what: `${subject}: RSS of a controller`,
      unit: 'MiB',
      ours: Math.max(...outcome.usages.map((usage) => usage.rssMiB)),
    },
    {
      what: `${subject}: peak RSS of a controller`,
      unit: 'MiB',
      ours: Math.max(...outcome.usages.map((usage) => usage.peakMiB)),
    },
  ];
}

buildPeers();
const sizes = process.env['LARGE'] === '1' ? [1_000, 5_000] : [1_000];
const all: Measurement[] = [];
for (const nodes of sizes) {
  for (const controllers of [1, 3]) all.push(...measurements(nodes, controllers, await churn(nodes, controllers)));
}
report('fleet', all);
