// A controller restarts: 1,000 agents that hold the views of 10,000 Services and 1,000 Envoys that hold 400 resources each come back
// at once. Nothing has changed, so nothing should be sent.
import { Fleet, type FleetShape } from './lib/fleet.ts';
import { quiet } from './lib/process.ts';
import { report } from './lib/report.ts';
import { buildPeers, startOurs } from './lib/server-process.ts';
import type { ClusterSize } from './lib/synthetic.ts';

const size: ClusterSize = {
  services: 10_000,
  endpointsPerService: 10,
  appProtocol: 'tcp',
  nodes: ['node-0', 'node-1'],
};
/** A cluster and its endpoints for each Service used. */
const shape: FleetShape = { nodes: 1_000, services: size.services, used: 200, envoys: true, agents: true };

buildPeers();
const fleet = await Fleet.start();
let server = await startOurs(size);
try {
  await fleet.open([server.address], shape);
  await server.stop();
  server = await startOurs(size);
  const { ms, resource_bytes, request_bytes } = await fleet.returnAll([server.address]);
  const usage = await quiet(server.pid);
  const subject = '1,000 agents (10,000 views), 1,000 Envoys (400 names)';
  report('mass-return', [
    { what: `${subject}: until all are answered`, unit: 'ms', ours: ms, goal: { below: 3_000 } },
    { what: `${subject}: resource bytes sent again`, unit: 'bytes', ours: resource_bytes, goal: { equals: 0 } },
    { what: `${subject}: bytes of a node's requests`, unit: 'bytes', ours: request_bytes / shape.nodes },
    { what: `${subject}: CPU of the server`, unit: 's', ours: usage.cpuSeconds },
    { what: `${subject}: RSS of the server at the end`, unit: 'MiB', ours: usage.rssMiB },
    { what: `${subject}: peak RSS of the server`, unit: 'MiB', ours: usage.peakMiB, goal: { below: 400 } },
  ]);
} finally {
  await Promise.all([fleet.stop(), server.stop()]);
}
