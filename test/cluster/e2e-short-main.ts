#!/usr/bin/env node
import { runCommand } from './command-line.ts';
import { shortSelection } from './e2e/plan.ts';
import { summaryOf } from './e2e/report.ts';
import { runPlanned } from './e2e/run-planned.ts';
import { ownClusterOptions } from './options.ts';
import { Progress } from './progress.ts';

const usage = `Brings up a cluster, runs a few of Kubernetes' end-to-end tests that touch every part of a Service proxy, and takes it down.

Usage: [PROXY=fairlead|kube-proxy] [CNI=ptp|bridge] [INSTANCE=0..9, default 9] node test/cluster/e2e-short-main.ts        (make e2e-short)`;

await runCommand(usage, async () => {
  const progress = new Progress();
  const results = await runPlanned(shortSelection, { ...ownClusterOptions(process.env), ...shortSelection.cluster });
  process.stdout.write(`\n${summaryOf(results)}\n`);
  progress.total(`${results.length} tests, cluster included,`);
  return results.length === 0 || results.some(({ outcome }) => outcome === 'Failed') ? 1 : 0;
});
