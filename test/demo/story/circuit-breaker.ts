import { readCounters, resetCounters } from '../../testbed/echo-pod.ts';
import { report } from '../../testbed/load/report.ts';
import { serviceStat } from '../node-stats.ts';
import { services } from '../shop.ts';
import { shares } from '../telling.ts';
import type { Step } from './step.ts';

/** As annotated in examples/checkout.yaml. */
const cap = 8;
const burst = 40;
const backends = ['checkout-1', 'checkout-2'] as const;
const service = 'shop/checkout/http';

export const circuitBreaker: Step = {
  title: 'A circuit breaker trips at its cap',
  async tell(world, narrator) {
    const node = world.at('node1');
    await Promise.all(backends.map((pod) => resetCounters(world.network, pod)));
    const before = await serviceStat(node, service, 'upstream_rq_pending_overflow');
    narrator.doing(`${burst} requests at once to checkout, whose max-requests is ${cap}`);
    const request = { target: services.checkout, path: '/?delay=500', rate: 0, count: burst, concurrency: burst };
    const result = report(await (await world.startLoad('frontend-1', request)).finished());
    const overflow = (await serviceStat(node, service, 'upstream_rq_pending_overflow')) - before;
    const peaks = await Promise.all(backends.map(async (pod) => (await readCounters(world.network, pod)).peakActive));
    const peak = peaks.reduce((sum, count) => sum + count, 0);
    narrator.claim(
      result.ok === cap && peak === cap && result.failures['503 overloaded'] === burst - cap,
      `${result.ok} of ${burst} requests reached the backends, ${burst - cap} were answered 503 at once`,
      `${result.ok} succeeded, at most ${peak} at one time; ${shares(result.failures)}`,
    );
    narrator.claim(overflow === burst - cap, `Envoy counts ${overflow} overflows of ${service}`);
    const calm = await world.startLoad('frontend-1', { target: services.checkout, count: 20, rate: 0, concurrency: 4 });
    const afterwards = report(await calm.finished());
    narrator.claim(afterwards.failed === 0, 'below the cap everything passes again', shares(afterwards.failures));
  },
};
