import type { ModelUpdate } from '../model/model.ts';
import type { Problem } from '../model/problem.ts';

/** What one Kubernetes object means for the model. */
export interface Conversion {
  /** Undefined when the object is of a kind that is not used, or too broken to have a name. */
  readonly update: ModelUpdate | undefined;
  readonly problems: readonly Problem[];
}
