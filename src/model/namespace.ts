import type { ServicePolicy } from './policy.ts';

/** A namespace that says something about its Services; others are not kept. */
export interface Namespace {
  readonly name: string;
  /** For its Services that do not say it themselves. */
  readonly policy: Pick<ServicePolicy, 'dataPath'>;
}
