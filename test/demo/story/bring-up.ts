import { waitUntil } from '../../testbed/wait.ts';
import type { DemoCluster } from '../demo-cluster.ts';
import type { Reporter } from '../reporter.ts';
import { type Frontend, frontends, nodes, services } from '../shop.ts';
import { duration, throughEnvoy } from '../telling.ts';
import type { Step } from './step.ts';

export const bringUp: Step = {
  title: 'Two nodes, a control plane, two Envoys',
  async tell(cluster, reporter) {
    reporter.doing('building nodes and pods out of network namespaces');
    await cluster.buildNetwork();
    reporter.doing('starting the pods');
    const pods = await cluster.startPods();
    await cluster.startCollector();
    reporter.note(
      `2 nodes in 2 zones, ${pods + frontends.length} pods with IPv4 and IPv6, and a host for the control plane`,
    );
    await startFairlead(cluster, reporter);
    reporter.doing('waiting for Envoy to carry the first request of each node');
    const waits = await Promise.all(frontends.map((frontend) => envoyCarries(cluster, frontend)));
    reporter.claim(
      true,
      `Envoy carries the traffic of both nodes (${waits.map(duration).join(' and ')} after the agents)`,
    );
  },
};

async function startFairlead(cluster: DemoCluster, reporter: Reporter): Promise<void> {
  const began = performance.now();
  reporter.doing('starting fairlead controller');
  await cluster.startController();
  reporter.note(
    `controller ready after ${duration(performance.now() - began)}: fairlead controller --manifests examples`,
  );
  reporter.doing('starting fairlead agent on both nodes, each with its Envoy');
  await Promise.all(nodes.map((node) => cluster.startAgent(node)));
  const status = await cluster.settled();
  const { services: known, nodes: knownNodes } = status.model;
  reporter.claim(
    status.problems === 0 && known === 7 && knownNodes === nodes.length,
    `${known} Services and ${knownNodes} nodes read without a problem; both Envoys and both agents have acknowledged all`,
    `${status.problems} problems`,
  );
}

/** Until then the kernel carries it. Returns the milliseconds that it took. */
async function envoyCarries(cluster: DemoCluster, frontend: Frontend): Promise<number> {
  const began = performance.now();
  const targets = [
    { target: services.catalog, protocol: 'http' },
    { target: services.cartDb, protocol: 'tcp' },
  ] as const;
  await Promise.all(
    targets.map(async (target) => {
      const load = await cluster.startLoad(frontend.pod, { ...target, rate: 20 });
      await load.waitFor('answer through Envoy', throughEnvoy);
      await load.stop();
    }),
  );
  const elapsed = performance.now() - began;
  await waitUntil(async () => (await cluster.envoyPid(frontend.node)) > 0, { what: 'Envoy' });
  return elapsed;
}
