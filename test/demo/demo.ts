import { appendFileSync } from 'node:fs';
import { lockPrefix } from '../testbed/lock.ts';
import { commandsToTry } from './keep.ts';
import { ClaimFailed, type Narrator } from './reporter.ts';
import { story } from './story/story.ts';
import { duration } from './telling.ts';
import { World, type WorldOptions } from './demo-cluster.ts';

export interface DemoOptions extends WorldOptions {
  /** Leave everything running after the story, until `interrupted`. */
  readonly keep: boolean;
  /** Aborts when the user asks to end; the demo then cleans up and returns. */
  readonly interrupted: AbortSignal;
}

/** Tells the whole story and cleans up, whatever happens. Returns the exit code. */
export async function runDemo(options: DemoOptions, narrator: Narrator): Promise<number> {
  const release = lockPrefix(options.prefix); // Before the other run's directory is cleared.
  const world = new World(options);
  try {
    const code = await orInterrupted(tellStory(world, narrator), options.interrupted);
    if (code === 0 && options.keep) await keep(world, options.interrupted, narrator);
    return code;
  } catch (err) {
    return tellFailure(err, world, narrator);
  } finally {
    narrator.end('cleaning up');
    await world.close();
    release();
  }
}

async function tellStory(world: World, narrator: Narrator): Promise<number> {
  const began = performance.now();
  for (const step of story) {
    narrator.step(step.title, story.length);
    await step.tell(world, narrator);
  }
  narrator.plain('');
  narrator.claim(true, `all ${narrator.claims} claims held, in ${duration(performance.now() - began)}`);
  return 0;
}

async function keep(world: World, interrupted: AbortSignal, narrator: Narrator): Promise<void> {
  narrator.plain(await commandsToTry(world));
  await aborted(interrupted);
}

/** 130 and 143 by convention would tell which signal; what matters is that it did not come to its end. */
const interruptedCode = 130;

function orInterrupted(told: Promise<number>, interrupted: AbortSignal): Promise<number> {
  told.catch(() => {}); // Once interrupted, what the steps meet in the closing world does not matter.
  return Promise.race([told, aborted(interrupted).then(() => interruptedCode)]);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function tellFailure(err: unknown, world: World, narrator: Narrator): number {
  const told = err instanceof Error ? err : new Error(String(err));
  narrator.failure(`The demo failed: ${told instanceof ClaimFailed ? 'a claim did not hold' : told.message}`);
  appendFileSync(world.workshop.log('demo'), `${told.stack}\n`);
  for (const crash of world.crashes()) narrator.plain(`  ${crash}`);
  narrator.plain(`  Logs: ${world.workshop.logs}`);
  return 1;
}
