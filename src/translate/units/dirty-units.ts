import type { ModelChange, Question } from '../../model/model.ts';
import type { ReadIndex } from './read-index.ts';
import type { UnitId } from './unit.ts';
import { unitsOf } from './unit-kinds.ts';

/** The units that a change of the model may give another translation: those of changed objects, and all that read what changed. */
export function* dirtyUnits({ changed }: ModelChange, reads: ReadIndex): Iterable<UnitId> {
  for (const [question, keys] of Object.entries(changed) as [Question, ReadonlySet<string>][]) {
    const own = unitsOf(question);
    for (const key of keys) {
      for (const kind of own) yield { kind, key };
      yield* reads.readersOf({ question, key });
    }
  }
}
