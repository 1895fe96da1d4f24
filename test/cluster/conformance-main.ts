#!/usr/bin/env node
import { runCommand } from './command-line.ts';
import { writeConformancePage } from './e2e/page.ts';
import { plan } from './e2e/plan.ts';
import { summaryOf, type TestResult } from './e2e/report.ts';
import { recordResults } from './e2e/results-file.ts';
import { runPlanned } from './e2e/run-planned.ts';
import { ownClusterOptions } from './options.ts';
import { Progress } from './progress.ts';

const usage = `Runs all of Kubernetes' network tests that exercise a Service proxy, each on the cluster that it takes, and records the results in
test/cluster/results. Then writes docs/conformance.md from what is recorded.

Usage: [PROXY=fairlead|kube-proxy] [CNI=ptp|bridge] [INSTANCE=0..9, default 9] node test/cluster/conformance-main.ts [RUN ...]        (make conformance)

  RUN     one of ${plan.map(({ name }) => name).join(', ')} (default: all); page: only write the page`;

await runCommand(usage, async () => {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => name !== 'page' && !plan.some((run) => run.name === name));
  if (unknown.length > 0) throw new Error(`Unknown: ${unknown.join(', ')}\n${usage}`);
  const progress = new Progress();
  const results: TestResult[] = [];
  for (const run of plan.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const options = { ...ownClusterOptions(process.env), ...run.cluster };
    const some = await runPlanned(run, options);
    recordResults(options, some);
    progress.step(`${run.name}: ${some.length} tests`);
    results.push(...some);
  }
  process.stdout.write(`\n${summaryOf(results)}\n`);
  progress.total(`Wrote ${writeConformancePage()}`);
  return results.some(({ outcome }) => outcome === 'Failed') ? 1 : 0;
});
