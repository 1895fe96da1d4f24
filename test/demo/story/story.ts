import { accessLog } from './access-log.ts';
import { balance } from './balance.ts';
import { bringUp } from './bring-up.ts';
import { circuitBreaker } from './circuit-breaker.ts';
import { follow } from './follow.ts';
import { killController } from './kill-controller.ts';
import { killEnvoy } from './kill-envoy.ts';
import { outlier } from './outlier.ts';
import type { Step } from './step.ts';
import { trace } from './trace.ts';

/** In order; each begins where the one before left the cluster. */
export const story: readonly Step[] = [
  bringUp,
  balance,
  follow,
  outlier,
  killEnvoy,
  killController,
  circuitBreaker,
  trace,
  accessLog,
];
