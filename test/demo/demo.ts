import { appendFileSync } from 'node:fs';
import { lockPrefix } from '../testbed/lock.ts';
import { DemoCluster, type DemoClusterOptions } from './demo-cluster.ts';
import { commandsToTry } from './keep.ts';
import { ClaimFailed, type Reporter } from './reporter.ts';
import { story } from './story/story.ts';
import { duration } from './telling.ts';

export interface DemoOptions extends DemoClusterOptions {
  /** Leave everything running after the story, until `interrupted`. */
  readonly keep: boolean;
  /** Aborts when the user asks to end; the demo then cleans up and returns. */
  readonly interrupted: AbortSignal;
}

/** Tells the whole story and cleans up, whatever happens. Returns the exit code. */
export async function runDemo(options: DemoOptions, reporter: Reporter): Promise<number> {
  const release = lockPrefix(options.prefix); // Before the other run's directory is cleared.
  const cluster = new DemoCluster(options);
  try {
    const code = await orInterrupted(tellStory(cluster, reporter), options.interrupted);
    if (code === 0 && options.keep) await keep(cluster, options.interrupted, reporter);
    return code;
  } catch (error) {
    return tellFailure(error, cluster, reporter);
  } finally {
    reporter.end('cleaning up');
    await cluster.close();
    release();
  }
}

async function tellStory(cluster: DemoCluster, reporter: Reporter): Promise<number> {
  const began = performance.now();
  for (const step of story) {
    reporter.step(step.title, story.length);
    await step.tell(cluster, reporter);
  }
  reporter.plain('');
  reporter.claim(true, `all ${reporter.claims} claims held, in ${duration(performance.now() - began)}`);
  return 0;
}

async function keep(cluster: DemoCluster, interrupted: AbortSignal, reporter: Reporter): Promise<void> {
  reporter.plain(await commandsToTry(cluster));
  await aborted(interrupted);
}

/** 130 and 143 by convention would tell which signal; what matters is that it did not come to its end. */
const interruptedCode = 130;

function orInterrupted(told: Promise<number>, interrupted: AbortSignal): Promise<number> {
  told.catch(() => {}); // Once interrupted, what the steps meet in the closing cluster does not matter.
  return Promise.race([told, aborted(interrupted).then(() => interruptedCode)]);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function tellFailure(error: unknown, cluster: DemoCluster, reporter: Reporter): number {
  const told = error instanceof Error ? error : new Error(String(error));
  reporter.failure(`The demo failed: ${told instanceof ClaimFailed ? 'a claim did not hold' : told.message}`);
  appendFileSync(cluster.workDirectory.log('demo'), `${told.stack}\n`);
  for (const crash of cluster.crashes()) reporter.plain(`  ${crash}`);
  reporter.plain(`  Logs: ${cluster.workDirectory.logs}`);
  return 1;
}
