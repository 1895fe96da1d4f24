import { existsSync } from 'node:fs';
import type { Attempt } from '../../testbed/load/attempt.ts';
import { report, splitAround } from '../../testbed/load/report.ts';
import type { RunningLoad } from '../../testbed/running-load.ts';
import { now, waitUntil } from '../../testbed/wait.ts';
import type { DemoCluster } from '../demo-cluster.ts';
import { serviceStat } from '../node-stats.ts';
import type { Reporter } from '../reporter.ts';
import { services } from '../shop.ts';
import { duration, failuresOf, throughEnvoy } from '../telling.ts';
import type { Step } from './step.ts';

interface Kill {
  readonly killedAt: number;
  readonly goneAt: number;
}

export const killEnvoy: Step = {
  title: 'kill -9 Envoy under load',
  async tell(cluster, reporter) {
    const loads = await startLoads(cluster);
    await Promise.all(loads.map((load) => load.more(40, throughEnvoy)));
    const oldPid = await cluster.envoyPid('node1');
    reporter.doing(`kill -9 ${oldPid}, the Envoy of node1`);
    const kill = await killNow(oldPid);
    reporter.doing('waiting for Envoy to take over again');
    const back = await Promise.all(loads.map((load) => takeover(load, kill)));
    await Promise.all(loads.map((load) => load.more(40, throughEnvoy)));
    const attempts = (await Promise.all(loads.map((load) => load.stop()))).flat();
    tellSplit(reporter, attempts, kill);
    await tellTakeover(cluster, reporter, Math.max(...back) - kill.goneAt, oldPid);
  },
};

/** New connections, HTTP and TCP; and slow requests, so that something is inside Envoy when it dies. */
function startLoads(cluster: DemoCluster): Promise<RunningLoad[]> {
  return Promise.all([
    cluster.startLoad('frontend-1', { target: services.catalog, rate: 200 }),
    cluster.startLoad('frontend-1', { target: services.cartDb, protocol: 'tcp', rate: 100 }),
    cluster.startLoad('frontend-1', { target: services.checkout, path: '/?delay=150', rate: 20 }),
  ]);
}

async function killNow(pid: number): Promise<Kill> {
  const killedAt = now();
  process.kill(pid, 'SIGKILL');
  await waitUntil(() => !existsSync(`/proc/${pid}`), { what: 'the killed Envoy to be gone', everyMs: 1 });
  return { killedAt, goneAt: now() };
}

/** When a load's first request after the kill that Envoy carried began. */
async function takeover(load: RunningLoad, { goneAt }: Kill): Promise<number> {
  const first = await load.waitFor(
    'answer through the new Envoy',
    (attempt) => attempt.startedAt > goneAt && throughEnvoy(attempt),
    0,
    40_000,
  );
  return first.startedAt;
}

function tellSplit(reporter: Reporter, attempts: readonly Attempt[], { killedAt, goneAt }: Kill): void {
  const { before, inFlight, after } = splitAround(attempts, killedAt, goneAt);
  const lost = report(inFlight);
  reporter.note(
    `in flight when it was killed, or begun in the ${duration(goneAt - killedAt)} until it was gone: ` +
      `${lost.total}, of which ${lost.failed} were lost with it`,
  );
  const result = report([...before, ...after]);
  const kernel = after.filter((attempt) => attempt.outcome === 'ok' && !throughEnvoy(attempt)).length;
  reporter.claim(
    result.failed === 0 && kernel > 0,
    `every new connection succeeded: ${after.length} since, the first ${kernel} of them through the kernel`,
    `${failuresOf(result)}; ${kernel} went through the kernel`,
  );
}

async function tellTakeover(cluster: DemoCluster, reporter: Reporter, afterMs: number, oldPid: number): Promise<void> {
  const pid = await cluster.envoyPid('node1');
  const [http, tcp] = await Promise.all([
    serviceStat(cluster.at('node1'), 'shop/catalog/http', 'upstream_rq_total'),
    serviceStat(cluster.at('node1'), 'shop/cart-db/redis', 'upstream_cx_total'),
  ]);
  reporter.claim(
    pid !== oldPid && http > 0 && tcp > 0,
    `Envoy took over again after ${duration(afterMs)}: process ${pid} counts ${http} requests to catalog and ${tcp} connections to cart-db`,
    `process ${pid}, ${http} requests, ${tcp} connections`,
  );
}
