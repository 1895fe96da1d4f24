// 100,000 Services with 5 endpoints each: how long until clients may be answered, and how much memory, before the first node and
// with 100?
import { Fleet } from './lib/fleet.ts';
import { quiet } from './lib/process.ts';
import { report } from './lib/report.ts';
import { buildPeers, startOurs } from './lib/server-process.ts';
import type { ClusterSize } from './lib/synthetic.ts';

const size: ClusterSize = {
  services: 100_000,
  endpointsPerService: 5,
  appProtocol: 'http',
  nodes: ['node-0', 'node-1'],
};
const nodes = 100;
const limitMiB = 1_024;

buildPeers();
const fleet = await Fleet.start();
const server = await startOurs(size);
try {
  const { readyMs } = await server.report();
  const before = await quiet(server.pid);
  const shape = { nodes, services: size.services, used: 50, envoys: true, agents: true };
  const { ms } = await fleet.open([server.address], shape);
  const after = await quiet(server.pid);
  const subject = '100,000 Services x 5 endpoints';
  report('large', [
    { what: `${subject}: ready to answer`, unit: 'ms', ours: readyMs },
    { what: `${subject}: RSS before the first node`, unit: 'MiB', ours: before.rssMiB, goal: { below: limitMiB } },
    { what: `${subject}: ${nodes} nodes at once, until all hold everything`, unit: 'ms', ours: ms },
    { what: `${subject}: RSS with ${nodes} nodes`, unit: 'MiB', ours: after.rssMiB, goal: { below: limitMiB } },
    { what: `${subject}: peak RSS`, unit: 'MiB', ours: after.peakMiB, goal: { below: limitMiB } },
  ]);
} finally {
  await Promise.all([fleet.stop(), server.stop()]);
}
