import { quiet } from './process.ts';
import type { ServerProcess } from './server-process.ts';
import { resourceName } from './synthetic.ts';
import { type OpenOptions, type Subscription, XdsLoad } from './xds-load.ts';

const clusterType = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const endpointType = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';

/** The clusters of the first Services and their endpoints: what an Envoy that uses these Services asks for. */
export function subscriptionsTo(services: number): readonly Subscription[] {
  const names = Array.from({ length: services }, (_, index) => resourceName(index));
  return [clusterType, endpointType].map((type_url) => ({ type_url, names }));
}

/** A resource of a type that nothing else asks for; its answer tells that all before it was worked off. */
export const probe: Subscription = {
  type_url: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  names: ['tcp'],
};

/** Ends both processes, whatever happens. */
export async function withLoad<T>(
  start: () => Promise<ServerProcess>,
  work: (server: ServerProcess, load: XdsLoad) => Promise<T>,
): Promise<T> {
  const load = await XdsLoad.start();
  const server = await start();
  try {
    return await work(server, load);
  } finally {
    await Promise.all([load.stop(), server.stop()]);
  }
}

/** Opens streams and waits until the server has read every acknowledgement and has nothing left to do. */
export async function openAndSettle(server: ServerProcess, load: XdsLoad, options: Omit<OpenOptions, 'address'>) {
  await load.open({ address: server.address, ...options });
  await quiet(server.pid);
  const [{ acks }, stats] = await Promise.all([server.report(), load.stats()]);
  if (acks !== stats.acks) throw new Error(`The clients acknowledged ${stats.acks} responses, the server read ${acks}`);
}
