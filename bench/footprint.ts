// The whole controller on a real API server: its memory when the cluster has next to no Services, and with 1,000 Services and 100 nodes.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ApiServer } from '../test/support/api-server.ts';
import { Fleet } from './lib/fleet.ts';
import { quiet } from './lib/process.ts';
import { report } from './lib/report.ts';
import { buildPeers, deployedEnvironment } from './lib/server-process.ts';
import { clusterIP, serviceName } from './lib/synthetic.ts';

const services = 1_000;
const endpointsPerService = 10;
const nodes = 100;
const limitMiB = 110;
const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly xds: string;
}

/** Resolves once the controller has said where it listens, which is after its first complete list. */
async function startController(kubeconfig: string): Promise<Running> {
  const addresses = ['--xds-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'];
  const args = [program, 'controller', '--kubeconfig', kubeconfig, ...addresses];
  const env = { ...process.env, ...deployedEnvironment() };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const line of createInterface({ input: child.stderr })) {
    const { msg, address } = JSON.parse(line) as { readonly msg: string; readonly address?: string };
    if (msg !== 'ADS server listened' || address === undefined || child.pid === undefined) continue;
    child.stderr.resume();
    return { child, pid: child.pid, xds: address };
  }
  throw new Error('The controller ended instead of listening');
}

async function stop({ child }: Running): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function metadata(name: string, labels: object = {}): object {
  const uid = `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0').slice(-12)}`;
  return { name, namespace: 'default', uid, creationTimestamp: '2026-01-01T00:00:00Z', labels };
}

/** As they are stored; through the API server they would take minutes. */
function objects(): ReadonlyMap<string, object> {
  const stored = new Map<string, object>();
  for (let index = 0; index < services; index += 1) {
    const name = serviceName(index);
    const address = clusterIP(index);
    stored.set(`services/specs/default/${name}`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(name),
      spec: {
        type: 'ClusterIP',
        clusterIP: address,
        clusterIPs: [address],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        sessionAffinity: 'None',
        internalTrafficPolicy: 'Cluster',
        ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
      },
    });
    stored.set(`endpointslices/default/${name}-a`, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: metadata(`${name}-a`, { 'kubernetes.io/service-name': name }),
      addressType: 'IPv4',
      ports: [{ name: '', protocol: 'TCP', port: 8080 }],
      endpoints: Array.from({ length: endpointsPerService }, (_, at) => ({
        addresses: [`10.128.${(index >> 4) & 0xff}.${((index & 0xf) << 4) + at}`],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `node-${(index + at) % nodes}`,
      })),
    });
  }
  for (let index = 0; index < nodes; index += 1) {
    const name = `node-${index}`;
    stored.set(`minions/${name}`, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { ...metadata(name), namespace: undefined },
    });
  }
  return stored;
}

buildPeers();
// The Services of the benchmark have addresses from 10.96.0.0/12.
const api = await ApiServer.start({ flags: ['--service-cluster-ip-range=10.112.0.0/12'] });
const fleet = await Fleet.start();
try {
  const idle = await startController(api.kubeconfig);
  const idleUsage = await quiet(idle.pid, 2_000);
  await stop(idle);
  await api.seed(objects());
  const busy = await startController(api.kubeconfig);
  await fleet.open([busy.xds], { nodes, services, used: 50, envoys: true, agents: true });
  const busyUsage = await quiet(busy.pid, 2_000);
  await stop(busy);
  report('footprint', [
    { what: 'idle controller on an API server: RSS', unit: 'MiB', ours: idleUsage.rssMiB, goal: { below: limitMiB } },
    { what: 'idle controller: CPU until it listens', unit: 's', ours: idleUsage.cpuSeconds },
    {
      what: `${services} Services x ${endpointsPerService} endpoints, ${nodes} nodes: RSS`,
      unit: 'MiB',
      ours: busyUsage.rssMiB,
      goal: { below: limitMiB },
    },
    { what: 'the same: peak RSS', unit: 'MiB', ours: busyUsage.peakMiB },
  ]);
} finally {
  await fleet.stop();
  await api.stop();
}
