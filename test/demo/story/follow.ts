import { report } from '../../testbed/load/report.ts';
import type { RunningLoad } from '../../testbed/running-load.ts';
import { now } from '../../testbed/wait.ts';
import type { DemoCluster } from '../demo-cluster.ts';
import { frontends, services } from '../shop.ts';
import { duration, failuresOf } from '../telling.ts';
import type { EndpointEdit } from '../work-directory.ts';
import type { Step } from './step.ts';

export const catalog1 = { address: '10.244.1.11', pod: 'catalog-1', node: 'node1', zone: 'zone-a' } as const;
export const catalog4 = { address: '10.244.2.12', pod: 'catalog-4', node: 'node2', zone: 'zone-b' } as const;

export const follow: Step = {
  title: 'A manifest is edited, and traffic follows',
  async tell(cluster, reporter) {
    const loads = await loadCatalog(cluster, 200);
    await Promise.all(loads.map((load) => load.more(50)));
    reporter.doing('catalog.yaml: catalog-4 takes the place of catalog-1');
    const editedAt = now();
    await cluster.workDirectory.replaceEndpoint('catalog.yaml', catalog1.address, catalog4);
    const moves = await Promise.all(loads.map((load) => moveOf(load, editedAt, catalog4, catalog1)));
    for (const [index, { first, last }] of moves.entries()) {
      const until = last === 0 ? 'none to catalog-1 since' : `last one to catalog-1 ${duration(last)}`;
      const node = frontends[index]?.node;
      reporter.note(`${node}: first request to catalog-4 ${duration(first)} after the edit, ${until}`);
    }
    const result = report((await Promise.all(loads.map((load) => load.stop()))).flat());
    reporter.claim(result.failed === 0, `traffic moved; none of ${result.total} requests failed`, failuresOf(result));
  },
};

/** New connections to catalog from both nodes. */
export function loadCatalog(cluster: DemoCluster, rate: number): Promise<RunningLoad[]> {
  return Promise.all(frontends.map(({ pod }) => cluster.startLoad(pod, { target: services.catalog, rate })));
}

interface Move {
  /** Milliseconds from the edit to the start of the first request that the new endpoint answered. */
  readonly first: number;
  /** The same of the last one that the old endpoint answered; 0: none after the edit. */
  readonly last: number;
}

/** Waits until the new endpoint answers and the old one has given none of 100 answers. */
export async function moveOf(
  load: RunningLoad,
  since: number,
  comes: EndpointEdit,
  leaves: EndpointEdit,
): Promise<Move> {
  const first = await load.waitFor(
    `answer of ${comes.pod}`,
    (attempt) => attempt.pod === comes.pod && attempt.startedAt >= since,
  );
  for (;;) {
    const from = load.attempts.length;
    await load.more(100);
    if (!load.attempts.slice(from).some((attempt) => attempt.pod === leaves.pod)) break;
  }
  const old = load.attempts.filter((attempt) => attempt.pod === leaves.pod && attempt.startedAt >= since);
  const last = old.reduce((latest, attempt) => Math.max(latest, attempt.startedAt - since), 0);
  return { first: first.startedAt - since, last };
}
