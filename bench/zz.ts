import { openAndSettle, probe, subscriptionsTo, withLoad } from './lib/compare.ts';
import { quiet } from './lib/process.ts';
import { startOurs } from './lib/server-process.ts';
import { resourceName } from './lib/synthetic.ts';
import { XdsLoad } from './lib/xds-load.ts';

const size = { services: 10_000, endpointsPerService: 10, appProtocol: 'http' as const, nodes: ['node-0', 'node-1'] };
const mode = process.argv[2];
const flags = process.argv.slice(3);
if (mode === 'fanout')
  await withLoad(
    () => startOurs(size, flags),
    async (server, load) => {
      console.log('start', server.usage());
      await openAndSettle(server, load, { streams: 1000, subscriptions: subscriptionsTo(1) });
      const b = server.usage();
      console.log('open', b);
      for (let i = 0; i < 120; i++) await server.change(resourceName(0), 1000);
      const a = await quiet(server.pid);
      console.log('cpu/change', ((a.cpuSeconds - b.cpuSeconds) * 1000) / 120, a);
    },
  );
else {
  const load = await XdsLoad.start();
  let server = await startOurs(size);
  const subscriptions = subscriptionsTo(5000);
  await openAndSettle(server, load, { streams: 1, subscriptions });
  await load.close();
  await server.stop();
  server = await startOurs(size, flags);
  console.log(await load.reconnect({ address: server.address, streams: 1000, subscriptions, probe }));
  console.log(await quiet(server.pid));
  await server.stop();
  await load.stop();
}
