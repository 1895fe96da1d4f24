#!/usr/bin/env node
import { join } from 'node:path';
import { recordedOptions } from './cluster.ts';
import { runCommand } from './command-line.ts';
import { summaryOf } from './e2e/report.ts';
import { recordResults } from './e2e/results-file.ts';
import { runTests } from './e2e/run-tests.ts';
import { layoutOf, repository } from './layout.ts';
import { instanceOf, numberOf } from './options.ts';
import { buildTools } from './prerequisites.ts';
import { Progress } from './progress.ts';

const usage = `Runs Kubernetes' end-to-end tests (e2e.test of the cluster's version) against a running cluster, see up-main.ts.
Prints a line for each test and a summary; the exit code is 1 when one failed.

Usage: [SETTING=VALUE ...] node test/cluster/e2e-main.ts        (make e2e)

  FOCUS=REGEXP    on a test's full name (default: \\[sig-network\\])
  SKIP=REGEXP     leaves out (default: what needs a cloud, breaks nodes, or takes minutes)
  PARALLEL=N      tests at one time (default: 2)
  TIMEOUT=1h      of the whole run
  OUT=FOLDER      for log, JUnit file and Ginkgo's report (default: .cache/e2e/TIME)
  RECORD=1        adds the results to test/cluster/results, which docs/conformance.md is made of
  INSTANCE=0..9   the cluster`;

const defaultSkip = '\\[Feature:|\\[Disruptive\\]|\\[Slow\\]|\\[Serial\\]|\\[Flaky\\]';

await runCommand(usage, async () => {
  const options = recordedOptions(instanceOf(process.env));
  if (options === undefined) throw new Error('No cluster runs: make cluster first');
  await buildTools('e2e');
  const selection = {
    focus: process.env['FOCUS'] || '\\[sig-network\\]',
    skip: process.env['SKIP'] ?? defaultSkip,
    parallel: numberOf(process.env, 'PARALLEL', { least: 1, most: 16, otherwise: 2 }),
    timeout: process.env['TIMEOUT'] || '1h',
  };
  const folder = process.env['OUT'] || join(repository, '.cache/e2e', new Date().toISOString().replaceAll(':', ''));
  const progress = new Progress();
  const results = await runTests(layoutOf(options), selection, folder);
  process.stdout.write(`\n${summaryOf(results)}\nLog and reports: ${folder}\n`);
  if (process.env['RECORD'] === '1') process.stdout.write(`Recorded: ${recordResults(options, results)}\n`);
  progress.total(`${results.length} tests`);
  return results.length === 0 || results.some(({ outcome }) => outcome === 'Failed') ? 1 : 0;
});
