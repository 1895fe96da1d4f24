import type { Source, SourceListener } from '../../src/kubernetes/source.ts';
import { type ModelChange, ModelStore, type ModelUpdate } from '../../src/model/model.ts';
import type { Problem } from '../../src/model/problem.ts';

/** Takes what a source tells into a model, and wakes whoever waits for something in it. */
export class ModelRecorder implements SourceListener {
  readonly model = new ModelStore();
  readonly batches: (readonly ModelUpdate[])[] = [];
  readonly changes: ModelChange[] = [];
  readonly problemsByOrigin = new Map<string, readonly Problem[]>();
  isSynced = false;
  readonly #waiting = new Set<() => void>();

  static of(source: Source): ModelRecorder {
    const recorder = new ModelRecorder();
    source.start(recorder);
    return recorder;
  }

  update(updates: readonly ModelUpdate[]): void {
    this.batches.push(updates);
    const change = this.model.apply(updates);
    if (change !== undefined) this.changes.push(change);
    this.wake();
  }

  problems(origin: string, problems: readonly Problem[]): void {
    if (problems.length === 0) this.problemsByOrigin.delete(origin);
    else this.problemsByOrigin.set(origin, problems);
    this.wake();
  }

  synced(): void {
    this.isSynced = true;
    this.wake();
  }

  /** Resolves once the condition holds; it is looked at whenever something was told, and on `wake`. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  wake(): void {
    for (const check of [...this.#waiting]) check();
  }
}
