import { join } from 'node:path';
import { bringUp, takeDown } from '../cluster.ts';
import { type ClusterOptions, layoutOf, repository } from '../layout.ts';
import { buildTools } from '../prerequisites.ts';
import type { PlannedRun } from './plan.ts';
import type { TestResult } from './report.ts';
import { runTests } from './run-tests.ts';

/** Brings up the cluster that some tests take, runs them, and takes it down, also after a failure. */
export async function runPlanned(run: PlannedRun, options: ClusterOptions): Promise<readonly TestResult[]> {
  await buildTools('e2e');
  await takeDown(options.instance);
  const folder = join(repository, '.cache/e2e', `${run.name}-${options.proxy}-${options.cni}`);
  try {
    await bringUp(options);
    return await runTests(layoutOf(options), { ...run, timeout: '3h' }, folder);
  } finally {
    const leftovers = await takeDown(options.instance, join(folder, 'cluster-logs'));
    if (leftovers.length > 0) process.stderr.write(`Left behind: ${leftovers.join(', ')}\n`);
  }
}
