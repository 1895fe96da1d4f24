import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer } from '../../support/api-server.ts';
import { openTunnel, startForwarder } from '../../support/api-tunnel.ts';
import { ipBatch } from '../../testbed/namespaces.ts';
import { type Network, openNetwork } from '../../testbed/network.ts';
import { ProcessGroup } from '../../testbed/process.ts';
import { run } from '../../testbed/run.ts';
import { Cluster } from './cluster.ts';
import { Host } from './host.ts';
import {
  families,
  type HostName,
  hostNames,
  type NodeName,
  nodeNames,
  nodeOf,
  outsideRoutes,
  serviceCidrs,
  topologyOf,
} from './plan.ts';

/** Where the API server is found on 127.0.0.1 of each node and of the controller's host. */
const apiPort = 6443;

const settleMs = 60_000;

const firstPodOf = { node1: 'p1a', node2: 'p2a' } as const;

/** Two nodes with two pods each, two hosts outside, a real API server. */
export class ContractLab {
  readonly network: Network;
  readonly directory: string;
  readonly processes: ProcessGroup;
  readonly cluster: Cluster;
  /** For a program in a node's namespace or the controller's. */
  readonly kubeconfig: string;
  readonly #server: ApiServer;
  readonly #hosts: ReadonlyMap<HostName, Host>;
  readonly #tunnel: Server;

  private constructor(parts: Parts, hosts: ReadonlyMap<HostName, Host>, tunnel: Server) {
    this.network = parts.network;
    this.directory = parts.directory;
    this.processes = parts.processes;
    this.#server = parts.server;
    this.cluster = new Cluster(parts.server);
    this.kubeconfig = parts.server.writeKubeconfig('proxy', { user: { token: 'admin-token' }, port: apiPort });
    this.#hosts = hosts;
    this.#tunnel = tunnel;
  }

  static async open(prefix: string): Promise<ContractLab> {
    const directory = mkdtempSync(join(tmpdir(), 'fairlead-contract-'));
    const ranges = `--service-cluster-ip-range=${serviceCidrs.IPv4},${serviceCidrs.IPv6}`;
    const [network, server] = await Promise.all([
      openNetwork(topologyOf(prefix)),
      ApiServer.start({ flags: [ranges, '--allow-privileged=true'] }),
    ]);
    const parts = { network, directory, processes: new ProcessGroup(), server };
    const socket = join(directory, 'api.sock');
    const tunnel = await openTunnel(server.port, socket);
    const places = [...nodeNames, 'ctl'].map((name) => ({ namespace: network.namespaceOf(name), name }));
    const [hosts] = await Promise.all([
      startHosts(parts),
      prepareNodes(network),
      ...places.map((place) => startForwarder(parts.processes, { ...place, directory, port: apiPort, socket })),
    ]);
    const lab = new ContractLab(parts, hosts, tunnel);
    await lab.cluster.createNodes();
    return lab;
  }

  host(name: HostName): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`No host is named ${name}`);
    return host;
  }

  /** Runs a command on a host and gives its output. */
  run(host: string, ...command: readonly string[]): Promise<string> {
    return run(command, { namespace: this.network.namespaceOf(host) });
  }

  /**
   * Waits until all that was written to the API server is in effect on these nodes.
   * @param throughProxy whether connections of pods shall go through a process by then
   */
  async settle(nodes: readonly NodeName[], throughProxy: boolean): Promise<void> {
    const marker = await this.cluster.createMarker();
    const waits = families.flatMap((family) =>
      nodes.map(async (node) => {
        const pod = firstPodOf[node];
        const to = { protocol: 'tcp', address: marker.clusterIps[family] ?? '', port: 80 } as const;
        const outcome = await this.host(pod).outcome({ kind: 'Await', to, throughProxy, withinMs: settleMs });
        if (outcome.kind !== 'Answered')
          throw new Error(`${marker.name} did not answer to ${pod} by ${family}: ${JSON.stringify(outcome)}`);
      }),
    );
    await Promise.all(waits);
    await this.cluster.delete(marker);
  }

  async close(): Promise<void> {
    for (const host of this.#hosts.values()) host.close();
    await this.processes.stopAll();
    this.#tunnel.close();
    await this.network.close();
    await this.#server.stop();
    if (process.env['KEEP_LOGS'] === undefined) rmSync(this.directory, { recursive: true });
  }
}

interface Parts {
  readonly network: Network;
  readonly directory: string;
  readonly processes: ProcessGroup;
  readonly server: ApiServer;
}

async function startHosts({ network, directory, processes }: Parts): Promise<ReadonlyMap<HostName, Host>> {
  const started = hostNames.map(async (name) => {
    const place = { name, node: nodeOf[name] ?? '', namespace: network.namespaceOf(name), directory };
    return [name, await Host.start(processes, place)] as const;
  });
  return new Map(await Promise.all(started));
}

async function prepareNodes(network: Network): Promise<void> {
  for (const name of ['ext1', 'ext2'] as const) await ipBatch(outsideRoutes(name), network.namespaceOf(name));
  // The kernel sends a client only some ICMP errors a second, which would make later probes depend on earlier ones.
  const limits = ['net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0'];
  for (const name of nodeNames) await run(['sysctl', '-qw', ...limits], { namespace: network.namespaceOf(name) });
}
