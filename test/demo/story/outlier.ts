import { setFault } from '../../testbed/echo-pod.ts';
import { report } from '../../testbed/load/report.ts';
import { now } from '../../testbed/wait.ts';
import { serviceStat } from '../node-stats.ts';
import { services } from '../shop.ts';
import { duration, shares } from '../telling.ts';
import type { Step } from './step.ts';

/** As annotated in examples/catalog.yaml. */
const tolerated = 3;
/** Requests that were on their way to the endpoint when it was ejected. */
const underWay = 2;

export const outlier: Step = {
  title: 'An endpoint that fails is left out',
  async tell(cluster, reporter) {
    const load = await cluster.startLoad('frontend-1', { target: services.catalog, rate: 100, concurrency: 2 });
    await load.more(30);
    reporter.doing('catalog-2 answers 503 from now on');
    const from = load.attempts.length;
    const brokenAt = now();
    await setFault(cluster.network, 'catalog-2', { status: 503 });
    await load.waitFor('503', (attempt) => attempt.status === 503, from);
    await load.more(100, (attempt) => attempt.outcome === 'ok');
    const attempts = load.attempts.slice(from);
    const failed = attempts.filter((attempt) => attempt.outcome !== 'ok');
    const ejections = await serviceStat(
      cluster.at('node1'),
      'shop/catalog/http',
      'outlier_detection.ejections_enforced_total',
    );
    reporter.claim(
      failed.length <= tolerated + underWay &&
        failed.every((attempt) => attempt.pod === 'catalog-2') &&
        ejections === 1,
      `ejected after ${failed.length} failures, ${duration((failed.at(-1)?.endedAt ?? brokenAt) - brokenAt)} after the fault; ` +
        'all other requests succeeded',
      `${shares(report(attempts).failures)}; ${ejections} ejections`,
    );
    reporter.doing('catalog-2 recovers');
    await setFault(cluster.network, 'catalog-2', {});
    const recoveredAt = now();
    const recovered = load.attempts.length;
    const back = await load.waitFor('answer of catalog-2', (attempt) => attempt.pod === 'catalog-2', recovered);
    const after = report((await load.stop()).slice(recovered));
    reporter.claim(
      after.failed === 0,
      `it is back ${duration(back.startedAt - recoveredAt)} after it recovered, when its ejection of 5 s ended`,
      shares(after.failures),
    );
  },
};
