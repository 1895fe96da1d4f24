// How much memory does a node's Envoy need where the cluster has 10,000 HTTP Services, and its pods use none or 100 of
// them? The real controller, agent, Envoy and kernel; the pods are network namespaces.
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startEcho } from '../test/testbed/echo-pod.ts';
import { processesIn } from '../test/testbed/namespaces.ts';
import { type Network, openNetwork, type Topology } from '../test/testbed/network.ts';
import { ProcessGroup } from '../test/testbed/process.ts';
import { requestFrom } from '../test/testbed/request.ts';
import { run } from '../test/testbed/run.ts';
import { waitUntil } from '../test/testbed/wait.ts';
import { type Usage, usageOf } from './lib/process.ts';
import { report } from './lib/report.ts';
import { type ClusterSize, clusterIP } from './lib/synthetic.ts';
import { writeManifests } from './lib/synthetic-manifests.ts';

const size: ClusterSize = { services: 10_000, endpointsPerService: 10, appProtocol: 'http', nodes: ['node'] };
const usedServices = 100;
/** As many as a Service has endpoints: each request takes a connection of its own, and Envoy keeps it open. */
const requestsPerService = size.endpointsPerService;

const root = fileURLToPath(new URL('../', import.meta.url));
const fairlead = [process.execPath, join(root, 'src/cli/main.ts')];
const topology: Topology = {
  prefix: 'flbm-',
  nodes: [
    {
      name: 'node',
      ipv4: '192.168.50.1',
      ipv6: 'fd00:50::1',
      podCidrs: { ipv4: '10.244.1.0/24', ipv6: 'fd00:244:1::/64' },
      pods: [
        { name: 'client', ipv4: '10.244.1.10' },
        { name: 'server', ipv4: '10.244.1.11' },
      ],
    },
  ],
  control: { ipv4: '192.168.50.100', ipv6: 'fd00:50::64' },
};
const adminUrl = 'http://127.0.0.1:15000';

/** One pod has the address of every endpoint, and an echo server on all of them. */
async function startEndpoints(network: Network, processes: ProcessGroup, directory: string): Promise<void> {
  await run(['ip', '-n', network.namespaceOf('server'), 'route', 'add', 'local', '10.128.0.0/15', 'dev', 'lo']);
  const route = ['route', 'add', '10.128.0.0/15', 'via', '10.244.1.11', 'dev', 'v-server', 'onlink'];
  await run(['ip', '-n', network.namespaceOf('node'), ...route]);
  await startEcho(processes, { network, pod: 'server', node: 'node', directory, http: 8080 });
}

async function startController(network: Network, processes: ProcessGroup, directory: string): Promise<void> {
  const manifests = join(directory, 'manifests');
  writeManifests(manifests, size);
  const namespace = network.namespaceOf('node');
  await processes.start({
    name: 'controller',
    namespace,
    command: [...fairlead, 'controller', '--manifests', manifests],
    logFile: join(directory, 'controller.log'),
    ready: async () => (await requestFrom(namespace, 'http://127.0.0.1:18001/readyz')).status === 200,
    readyWithinMs: 120_000,
  });
}

async function startAgent(network: Network, processes: ProcessGroup, directory: string): Promise<void> {
  const namespace = network.namespaceOf('node');
  const flags = [
    ['--node-name', 'node'],
    ['--pod-cidr', '10.244.1.0/24'],
    ['--bootstrap', join(directory, 'envoy.yaml')],
    ['--envoy', join(root, '.cache/bin/envoy')],
    ['--envoy-log', join(directory, 'envoy.log')],
  ];
  await processes.start({
    name: 'agent',
    namespace,
    command: [...fairlead, 'agent', ...flags.flat()],
    logFile: join(directory, 'agent.log'),
    ready: async () => (await requestFrom(namespace, 'http://127.0.0.1:10256/readyz')).status === 200,
    readyWithinMs: 60_000,
  });
}

async function envoyPid(namespace: string): Promise<number> {
  for (const pid of await processesIn(namespace)) {
    if ((await readFile(`/proc/${pid}/comm`, 'utf8')).trim() === 'envoy') return pid;
  }
  throw new Error('Envoy was not found');
}

/** A statistic of Envoy whose name ends so; 0 when Envoy has not counted it yet. */
async function statistic(namespace: string, suffix: string): Promise<number> {
  const { body } = await requestFrom(namespace, `${adminUrl}/stats?filter=${suffix}$`);
  return Number(/: (\d+)$/m.exec(body)?.[1] ?? 0);
}

const requestsOfEnvoy = (namespace: string) => statistic(namespace, 'http.http.downstream_rq_total');

/** Requests to the first Services, by turns, on connections of their own. */
async function requestAll(client: string, services: number, rounds: number): Promise<void> {
  const urls = Array.from(
    { length: services },
    (_, index) => `url = "http://${clusterIP(index)}/"\noutput = "/dev/null"\n`,
  );
  const command = [
    'curl',
    '-sS',
    '--max-time',
    '30',
    '--parallel',
    '--parallel-max',
    '4',
    '-w',
    '%{http_code}\\n',
    '-K',
    '-',
  ];
  for (let round = 0; round < rounds; round += 1) {
    const codes = (await run(command, { namespace: client, input: urls.join(''), timeoutMs: 60_000 }))
      .trim()
      .split('\n');
    const bad = codes.filter((code) => code !== '200');
    if (codes.length !== services || bad.length > 0)
      throw new Error(`${bad.length} of ${codes.length} requests failed`);
  }
}

/** Envoy gives free memory back a little at a time: waits until nothing has come for a while. */
async function settled(pid: number): Promise<Usage> {
  for (let before = usageOf(pid); ; ) {
    await delay(3_000);
    const after = usageOf(pid);
    if (after.rssMiB > before.rssMiB - 0.5) return after;
    before = after;
  }
}

interface Outcome {
  readonly unused: Usage;
  readonly usedOnce: Usage;
  readonly used: Usage;
  readonly clusters: number;
}

async function measure(network: Network, processes: ProcessGroup, directory: string): Promise<Outcome> {
  const namespace = network.namespaceOf('node');
  await startEndpoints(network, processes, directory);
  await startController(network, processes, directory);
  await startAgent(network, processes, directory);
  await waitUntil(async () => (await statistic(namespace, 'all_scopes')) === size.services, {
    what: 'Envoy to know every Service',
    withinMs: 30_000,
    everyMs: 100,
  });
  const pid = await envoyPid(namespace);
  const unused = await settled(pid);
  const client = network.namespaceOf('client');
  await waitUntil(
    async () => {
      await requestFrom(client, `http://${clusterIP(0)}/`);
      return (await requestsOfEnvoy(namespace)) > 0;
    },
    { what: 'the agent to redirect to Envoy', withinMs: 30_000 },
  );
  const before = await requestsOfEnvoy(namespace);
  await requestAll(client, usedServices, 1);
  const usedOnce = await settled(pid);
  await requestAll(client, usedServices, requestsPerService - 1);
  const served = (await requestsOfEnvoy(namespace)) - before;
  if (served !== usedServices * requestsPerService) throw new Error(`Only ${served} requests went through Envoy`);
  return {
    unused,
    usedOnce,
    used: await settled(pid),
    clusters: await statistic(namespace, 'cluster_manager.active_clusters'),
  };
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'fairlead-bench-'));
  const processes = new ProcessGroup();
  const network = await openNetwork(topology);
  try {
    const { unused, usedOnce, used, clusters } = await measure(network, processes, directory);
    if (clusters < usedServices) throw new Error(`Envoy has ${clusters} clusters only`);
    const subject = `Envoy, ${size.services} HTTP Services x ${size.endpointsPerService} endpoints`;
    report('envoy-memory', [
      { what: `${subject}, none used: RSS`, unit: 'MiB', ours: unused.rssMiB },
      { what: `${subject}, ${usedServices} used once: RSS`, unit: 'MiB', ours: usedOnce.rssMiB, goal: { below: 110 } },
      {
        what: `${subject}, ${usedServices} used ${requestsPerService} times: RSS`,
        unit: 'MiB',
        ours: used.rssMiB,
        goal: { below: 110 },
      },
      { what: `${subject}: peak RSS`, unit: 'MiB', ours: used.peakMiB },
    ]);
  } finally {
    await processes.stopAll();
    await network.close();
    rmSync(directory, { recursive: true });
  }
}

await main();
