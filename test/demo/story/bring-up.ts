import { waitUntil } from '../../testbed/wait.ts';
import type { Narrator } from '../reporter.ts';
import { type Frontend, frontends, nodes, services } from '../shop.ts';
import { duration, throughEnvoy } from '../telling.ts';
import type { World } from '../demo-cluster.ts';
import type { Step } from './step.ts';

export const bringUp: Step = {
  title: 'Two nodes, a control plane, two Envoys',
  async tell(world, narrator) {
    narrator.doing('building nodes and pods out of network namespaces');
    await world.buildNetwork();
    narrator.doing('starting the pods');
    const pods = await world.startPods();
    await world.startCollector();
    narrator.note(
      `2 nodes in 2 zones, ${pods + frontends.length} pods with IPv4 and IPv6, and a host for the control plane`,
    );
    await startFairlead(world, narrator);
    narrator.doing('waiting for Envoy to carry the first request of each node');
    const waits = await Promise.all(frontends.map((frontend) => envoyCarries(world, frontend)));
    narrator.claim(
      true,
      `Envoy carries the traffic of both nodes (${waits.map(duration).join(' and ')} after the agents)`,
    );
  },
};

async function startFairlead(world: World, narrator: Narrator): Promise<void> {
  const began = performance.now();
  narrator.doing('starting fairlead controller');
  await world.startController();
  narrator.note(
    `controller ready after ${duration(performance.now() - began)}: fairlead controller --manifests examples`,
  );
  narrator.doing('starting fairlead agent on both nodes, each with its Envoy');
  await Promise.all(nodes.map((node) => world.startAgent(node)));
  const status = await world.settled();
  const { services: known, nodes: knownNodes } = status.model;
  narrator.claim(
    status.problems.length === 0 && known === 7 && knownNodes === nodes.length,
    `${known} Services and ${knownNodes} nodes read without a problem; both Envoys and both agents have acknowledged all`,
    JSON.stringify(status.problems),
  );
}

/** Until then the kernel carries it. Returns the milliseconds that it took. */
async function envoyCarries(world: World, frontend: Frontend): Promise<number> {
  const began = performance.now();
  const targets = [
    { target: services.catalog, protocol: 'http' },
    { target: services.cartDb, protocol: 'tcp' },
  ] as const;
  await Promise.all(
    targets.map(async (target) => {
      const load = await world.startLoad(frontend.pod, { ...target, rate: 20 });
      await load.waitFor('answer through Envoy', throughEnvoy);
      await load.stop();
    }),
  );
  const elapsed = performance.now() - began;
  await waitUntil(async () => (await world.envoyPid(frontend.node)) > 0, { what: 'Envoy' });
  return elapsed;
}
