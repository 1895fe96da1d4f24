import { report } from '../../testbed/load/report.ts';
import type { RunningLoad } from '../../testbed/running-load.ts';
import { now } from '../../testbed/wait.ts';
import type { DemoCluster } from '../demo-cluster.ts';
import { metricByType } from '../node-stats.ts';
import type { Reporter } from '../reporter.ts';
import { nodes, services } from '../shop.ts';
import { duration, failuresOf, shares } from '../telling.ts';
import { catalog1, catalog4, loadCatalog, moveOf } from './follow.ts';
import type { Step } from './step.ts';

const type = {
  endpoints: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
  views: 'fairlead.node.v1.ServiceView',
} as const;

export const killController: Step = {
  title: 'kill -9 the controller under load',
  async tell(cluster, reporter) {
    const catalog = await loadCatalog(cluster, 100);
    const kept = await cluster.startLoad('frontend-1', {
      target: services.checkout,
      connections: 'keep-alive',
      rate: 50,
      concurrency: 4,
    });
    await Promise.all([...catalog, kept].map((load) => load.more(20)));
    reporter.doing('kill -9 of the controller');
    await cluster.killController();
    await Promise.all([...catalog, kept].map((load) => load.more(100)));
    reporter.note('while it is away, catalog.yaml is edited: catalog-1 takes the place of catalog-4');
    await cluster.workDirectory.replaceEndpoint('catalog.yaml', catalog4.address, catalog1);
    await Promise.all([...catalog, kept].map((load) => load.more(50)));
    await comesBack(cluster, reporter, catalog);
    const result = report((await Promise.all([...catalog, kept].map((load) => load.stop()))).flat());
    reporter.claim(result.failed === 0, `none of ${result.total} requests failed`, failuresOf(result));
    await tellSent(cluster, reporter);
  },
};

async function comesBack(cluster: DemoCluster, reporter: Reporter, loads: readonly RunningLoad[]): Promise<void> {
  const early = loads.flatMap((load) => load.attempts.slice(-50)).filter((attempt) => attempt.pod === catalog1.pod);
  reporter.claim(early.length === 0, 'nothing changes without it', `${early.length} answers of catalog-1`);
  reporter.doing('starting the controller again');
  await cluster.startController();
  const readyAt = now();
  const moves = await Promise.all(loads.map((load) => moveOf(load, 0, catalog1, catalog4)));
  const first = Math.max(...moves.map((move) => move.first)) - readyAt;
  reporter.note(`the change arrived on both nodes ${duration(Math.max(0, first))} after the controller was ready`);
}

/** The new process sent what had changed while it was away, and nothing else. */
async function tellSent(cluster: DemoCluster, reporter: Reporter): Promise<void> {
  await cluster.settled();
  const text = await cluster.controllerMetrics();
  const sent = metricByType(text, 'fairlead_xds_resources_sent_total');
  const bytes = metricByType(text, 'fairlead_xds_resource_bytes_total');
  const { [type.endpoints]: endpoints = 0, [type.views]: views = 0, ...others } = sent;
  const rest = Object.fromEntries(Object.entries(others).filter(([, count]) => count > 0));
  const total = Object.values(bytes).reduce((sum, count) => sum + count, 0);
  reporter.claim(
    endpoints === nodes.length && views === nodes.length && Object.keys(rest).length === 0,
    `the new process sent both Envoys catalog's endpoints and both agents its view, ${total} bytes in all, and nothing else`,
    `sent ${shares(sent)}`,
  );
}
