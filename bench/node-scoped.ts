// A DaemonSet's Service with internalTrafficPolicy: Local differs on every node. One of its endpoints moves: what does that
// cost with 5,000 nodes, and how many of them are sent to?
import { Fleet } from './lib/fleet.ts';
import { quiet } from './lib/process.ts';
import { report } from './lib/report.ts';
import { buildPeers, startOurs } from './lib/server-process.ts';
import { percentile } from './lib/statistics.ts';
import type { ClusterSize } from './lib/synthetic.ts';

const nodes = 5_000;
const size: ClusterSize = {
  services: 10,
  endpointsPerService: 10,
  appProtocol: 'tcp',
  nodes: ['node-0'],
  daemonSet: { nodes, ports: 2 },
};
const warmUps = 20;
const rounds = 50;

buildPeers();
const fleet = await Fleet.start();
const server = await startOurs(size);
try {
  await fleet.open([server.address], { nodes, services: size.services, used: 1, envoys: false, agents: true });
  await quiet(server.pid);
  for (let round = 0; round < warmUps; round += 1) await server.moveOnNode(round);
  const cpu: number[] = [];
  const responses: number[] = [];
  // The endpoint that moved before in the same slice comes back, so up to two nodes are concerned.
  for (let round = 0; round < rounds; round += 1) {
    const moved = await server.moveOnNode(warmUps + round * 37);
    cpu.push(moved.cpuMs);
    responses.push(moved.responses);
  }
  const subject = `one endpoint of a node-scoped Service, ${nodes} nodes, 2 ports`;
  report('node-scoped', [
    { what: `${subject}: CPU, p50`, unit: 'ms', ours: percentile(cpu, 50), goal: { below: 20 } },
    { what: `${subject}: CPU, p99`, unit: 'ms', ours: percentile(cpu, 99) },
    { what: `${subject}: responses, most`, unit: 'nodes', ours: Math.max(...responses), goal: { below: 3 } },
    { what: `${subject}: RSS of the server`, unit: 'MiB', ours: server.usage().rssMiB },
  ]);
} finally {
  await Promise.all([fleet.stop(), server.stop()]);
}
