import type { DemoCluster } from '../demo-cluster.ts';
import type { Reporter } from '../reporter.ts';

/** One step of the story; it tells what it does and throws when a claim does not hold. */
export interface Step {
  readonly title: string;
  readonly tell: (cluster: DemoCluster, reporter: Reporter) => Promise<void>;
}
