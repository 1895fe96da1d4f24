import type { Narrator } from '../reporter.ts';
import type { World } from '../demo-cluster.ts';

/** One step of the story; it tells what it does and throws when a claim does not hold. */
export interface Step {
  readonly title: string;
  readonly tell: (world: World, narrator: Narrator) => Promise<void>;
}
