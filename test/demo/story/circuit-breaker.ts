import { readCounters, resetCounters } from '../../testbed/echo-pod.ts';
import { report } from '../../testbed/load/report.ts';
import { serviceStat } from '../node-stats.ts';
import { services } from '../shop.ts';
import { shares } from '../telling.ts';
import type { Step } from './step.ts';

/** As annotated in examples/checkout.yaml. */
const cap = 8;
const burst = 40;
/** Workers count together but check before they count, so each further one may let one more pass. */
const overshoot = 1;
const backends = ['checkout-1', 'checkout-2'] as const;
const service = 'shop/checkout/http';
const overflowStat = 'upstream_rq_active_overflow';

export const circuitBreaker: Step = {
  title: 'A circuit breaker trips at its cap',
  async tell(cluster, reporter) {
    const node = cluster.at('node1');
    await Promise.all(backends.map((pod) => resetCounters(cluster.network, pod)));
    const before = await serviceStat(node, service, overflowStat);
    reporter.doing(`${burst} requests at once to checkout, whose max-requests is ${cap}`);
    const request = { target: services.checkout, path: '/?delay=1500', rate: 0, count: burst, concurrency: burst };
    const result = report(await (await cluster.startLoad('frontend-1', request)).finished());
    const overflow = (await serviceStat(node, service, overflowStat)) - before;
    const peaks = await Promise.all(backends.map(async (pod) => (await readCounters(cluster.network, pod)).peakActive));
    const peak = peaks.reduce((sum, count) => sum + count, 0);
    const turnedAway = result.failures['503 overloaded'] ?? 0;
    reporter.claim(
      peak >= cap && peak <= cap + overshoot && turnedAway > 0 && result.ok + turnedAway === burst,
      `${result.ok} of ${burst} requests reached the backends, at most ${peak} at one time; ${turnedAway} were answered 503 at once`,
      `at most ${peak} at one time; ${result.ok} succeeded, ${shares(result.failures)}`,
    );
    reporter.claim(
      overflow === turnedAway,
      `Envoy counts the same: cluster.${service}.${overflowStat} ${overflow}`,
      `it counts ${overflow}`,
    );
    const calm = await cluster.startLoad('frontend-1', {
      target: services.checkout,
      count: 20,
      rate: 0,
      concurrency: 4,
    });
    const afterwards = report(await calm.finished());
    reporter.claim(afterwards.failed === 0, 'below the cap everything passes again', shares(afterwards.failures));
  },
};
